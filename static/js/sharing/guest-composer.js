// The composer of a guest on a phone: open from the first touch until one elsewhere, and above the keyboard in browsers
// that shrink only what is seen (Safari); the others shrink the page, see `viewport` in templates/sharing/sheet.html.
const composer = document.getElementById("composer");
const seen = window.visualViewport;

composer.addEventListener("focusin", () => composer.classList.add("open"));
// A touch takes the focus away before it clicks: only one outside folds it.
document.addEventListener("pointerdown", ({ target }) => { if (!composer.contains(target)) composer.classList.remove("open"); });

function rise() {
  // Who pinches looks at the picture.
  const covered = seen.scale > 1.01 ? 0 : document.documentElement.clientHeight - seen.height - seen.offsetTop;
  composer.style.setProperty("--keyboard", `${Math.max(0, Math.round(covered))}px`);
}
for (const event of ["resize", "scroll"]) seen?.addEventListener(event, rise);

// What was said is shown where it was put, and the field gives its room back.
document.addEventListener("htmx:afterRequest", ({ detail, target }) => {
  if (target !== composer || !detail.successful) return;
  composer.classList.remove("open");
  const number = ({ id }) => Number(id.slice("comment-".length));
  const newest = [...document.querySelectorAll("#review .comment")].sort((one, other) => number(one) - number(other)).at(-1);
  newest?.focus({ preventScroll: true });
  newest?.scrollIntoView({ block: "nearest" });
});
