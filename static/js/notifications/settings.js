// The switch for desktop notifications, hidden where no script runs.
import { isOn, refused, setOn, supported } from "./desktop.js";

const section = document.getElementById("desktop");
const box = document.getElementById("desktop-switch");
const note = document.getElementById("desktop-note");

function paint() {
  box.checked = isOn();
  box.disabled = !supported || refused();
  if (!supported) note.textContent = "Browser notifications need https.";
  else if (refused()) note.textContent = "This browser blocks notifications. Allow them for this address in its settings.";
}

box.addEventListener("change", async () => {
  await setOn(box.checked);
  paint();
});
section.hidden = false;
paint();
