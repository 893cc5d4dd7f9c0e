// Recents are one stop of the Tab key: arrows, Home and End move inside.
import { onSlotChange } from "./slots.js";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

function leaveOne(row, stop) {
  for (const each of row.children) each.tabIndex = each === stop ? 0 : -1;
}

function leaveOneEach() {
  for (const row of document.querySelectorAll(".recents")) {
    leaveOne(row, row.querySelector("[aria-current]") ?? row.firstElementChild);
  }
}

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.(".recents");
  if (!row || !(event.key in STEPS)) return;
  event.preventDefault();
  const all = [...row.children];
  const at = all.indexOf(event.target.closest(".recent")) + STEPS[event.key];
  const next = all[Math.min(Math.max(at, 0), all.length - 1)];
  leaveOne(row, next);
  next.focus();
});
onSlotChange(leaveOneEach);
leaveOneEach();
