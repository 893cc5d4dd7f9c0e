// The switch for the browser's own notifications: asks for leave only at a click, and remembers it in this browser.
const section = document.getElementById("aloud");
const box = document.getElementById("aloud-switch");
const note = document.getElementById("aloud-note");
const can = "Notification" in window && window.isSecureContext;

function paint() {
  box.checked = can && localStorage.getItem("aloud") === "yes" && Notification.permission === "granted";
  box.disabled = !can || Notification.permission === "denied";
  if (!can) note.textContent = "This browser can do so only where the studio is opened over https.";
  else if (Notification.permission === "denied") note.textContent = "This browser has been told not to. Allow notifications for this address in its settings.";
}

box.addEventListener("change", async () => {
  if (box.checked && Notification.permission !== "granted") await Notification.requestPermission();
  localStorage.setItem("aloud", box.checked && Notification.permission === "granted" ? "yes" : "no");
  paint();
});
section.hidden = false;
paint();
