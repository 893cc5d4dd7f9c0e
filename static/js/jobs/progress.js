// Progress between polls: clocks tick, bars and the light on the picture grow.
// data-since: Unix ms of the start, by the server's clock; data-scale: seconds the whole bar represents; data-late: what
// replaces "of about 2:40" after data-expected seconds.
import { elapsed, now } from "../clock.js";

function tick() {
  for (const root of document.querySelectorAll("[data-since]")) {
    const seconds = (now() - Number(root.dataset.since)) / 1000;
    for (const clock of root.querySelectorAll("[data-clock]")) clock.textContent = elapsed(seconds);
    const expected = Number(root.dataset.expected);
    if (expected && seconds > expected) {
      for (const beside of root.querySelectorAll("[data-late]")) beside.textContent = beside.dataset.late;
    }
    const scale = Number(root.dataset.scale);
    if (!scale) continue;
    const share = Math.min(Math.max(seconds / scale, 0), 1) * 100;
    const bar = root.querySelector(".bar");
    bar?.querySelector(".bar-fill").setAttribute("width", `${share}%`);
    bar?.setAttribute("aria-valuenow", String(Math.round(share)));
    bar?.classList.toggle("late", seconds > scale);
    root.querySelector(".stage-lit")?.style.setProperty("--lit", `${share}%`);
  }
}

document.addEventListener("htmx:afterSwap", tick);
setInterval(tick, 1000);
tick();
