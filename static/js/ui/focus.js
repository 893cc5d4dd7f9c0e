// The focus when htmx replaces what has it: on the same element of the answer, else its current or first one, never on
// the body, where a keyboard would begin at the top again.
const STOPS = ["[aria-current]", "a[href], button:not(:disabled), input:not([type=hidden]), select, textarea, summary"];
let held = null;

document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  const { activeElement } = document;
  if (target?.id && activeElement !== document.body && target.contains(activeElement)) {
    held = { root: target.id, id: activeElement.id };
  }
});

document.addEventListener("htmx:afterSettle", () => {
  if (!held) return;
  const { root, id } = held;
  held = null;
  if (document.activeElement && document.activeElement !== document.body) return;
  const fresh = document.getElementById(root);
  const stops = STOPS.flatMap((stop) => [...(fresh?.querySelectorAll(stop) ?? [])]);
  const same = id && document.getElementById(id);
  (same || stops.find((stop) => stop.checkVisibility()) || document.getElementById("main")).focus({ preventScroll: true });
});
