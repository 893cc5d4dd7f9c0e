// Pins of comments above the player's bar, and the range from In to Out on it. They are placed by script, because no
// markup can carry styles.
import { rangeNow } from "../videos/range.js";

const player = document.querySelector("[data-plays]");
const video = document.getElementById(player?.dataset.plays);
const pins = player?.querySelector("[data-pins]");
const range = player?.querySelector(".bar-range");

const length = () => video.duration || Number(player.querySelector("[data-seek]").max) || 1;
const share = (seconds) => `${Math.min(100, Math.max(0, (100 * seconds) / length()))}%`;

function light(span) {
  const { from, to } = span ?? { from: 0, to: 0 };
  range.setAttribute("x", share(Math.min(from, to)));
  range.setAttribute("width", share(Math.abs(to - from)));
}

function marked() {
  const { in: from, out: to } = rangeNow();
  return from === null && to === null ? null : { from: from ?? 0, to: to ?? length() };
}

function spanOf(comment) {
  if (!comment?.dataset.until) return marked();
  return { from: Number(comment.dataset.at), to: Number(comment.dataset.until) };
}

function pinOf(comment) {
  const pin = document.createElement("button");
  pin.type = "button";
  // The list beside it does the same for keyboards and readers.
  pin.tabIndex = -1;
  pin.className = `avatar pin ${comment.dataset.colour}`;
  pin.classList.toggle("faded", comment.closest(".resolved") !== null);
  pin.textContent = comment.dataset.initial;
  pin.title = comment.querySelector(".comment-text")?.textContent.trim().slice(0, 80) ?? "";
  pin.style.left = share(Number(comment.dataset.at));
  pin.addEventListener("click", () => {
    comment.querySelector("[data-seek-to]")?.click();
    comment.scrollIntoView({ block: "nearest" });
    comment.focus({ preventScroll: true });
  });
  pin.addEventListener("pointerenter", () => light(spanOf(comment)));
  pin.addEventListener("pointerleave", () => light(marked()));
  return pin;
}

function paint() {
  pins.replaceChildren(...[...document.querySelectorAll(".comment[data-at]")].map(pinOf));
  light(marked());
}

if (video && pins) {
  pins.setAttribute("aria-hidden", "true");
  for (const event of ["pointerover", "focusin"]) {
    document.addEventListener(event, ({ target }) => {
      const comment = target.closest?.(".comment");
      if (comment) light(spanOf(comment));
    });
  }
  document.addEventListener("pointerout", ({ target }) => { if (target.closest?.(".comment")) light(marked()); });
  document.addEventListener("htmx:afterSwap", paint);
  document.addEventListener("range", () => light(marked()));
  video.addEventListener("loadedmetadata", paint);
  paint();
}
