// Desktop notifications: the browser's own, on this computer only, and only after someone switched them on here.
import { load, save } from "../storage.js";

// Named as in earlier versions: what was switched on once stays on.
const SWITCH = "aloud";
const NEWEST = "aloud-last";
// "yes" where the studio pushes to this browser: what is pushed is not shown twice.
export const PUSHED_HERE = "pushed-here";

export const supported = "Notification" in window && window.isSecureContext;
export const refused = () => supported && Notification.permission === "denied";
const permitted = () => supported && Notification.permission === "granted";
export const isOn = () => permitted() && load("localStorage", SWITCH) === "yes";

// Asks the person for permission where the browser has not yet; call it from a click.
export async function setOn(on) {
  if (on && !permitted()) await Notification.requestPermission();
  save("localStorage", SWITCH, on && permitted() ? "yes" : "no");
}

// Once for all tabs of this browser: ids only grow.
export function notify({ pushed, id, title, body, url }) {
  if (pushed && load("localStorage", PUSHED_HERE) === "yes") return;
  if (!isOn() || id <= Number(load("localStorage", NEWEST) ?? 0)) return;
  save("localStorage", NEWEST, String(id));
  const shown = new Notification(title, { body, tag: `wan-studio-${id}` });
  shown.addEventListener("click", () => { window.focus(); location.assign(url); });
}
