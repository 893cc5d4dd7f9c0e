// The range from In to Out, in seconds, either end null: the loop keeps to it, the bar shows it, a comment is about it.
let range = { in: null, out: null };

export const rangeNow = () => range;

// `by` names who changed it, so that they need not hear it from themselves.
export function setRange(next, by) {
  range = next;
  document.dispatchEvent(new CustomEvent("range", { detail: { by } }));
}
