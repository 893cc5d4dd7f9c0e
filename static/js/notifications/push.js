// Notifications that are pushed to this browser while the studio is closed: asked for by a button, ended by another.
import { save } from "../storage.js";
import { PUSHED_HERE } from "./desktop.js";

const button = document.getElementById("push-on");
const note = document.getElementById("push-note");
const supported = window.isSecureContext && "serviceWorker" in navigator && "PushManager" in window;
const BLOCKED = "This browser blocks notifications. Allow them for this address in its settings.";
const UNABLE = "This browser cannot show them here. They need https; on an iPhone or iPad, add the studio to the home screen first.";

const bytes = (key) => Uint8Array.from(atob(key.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const kept = async () => (await navigator.serviceWorker.getRegistration("/"))?.pushManager.getSubscription();

async function post(address, fields = {}) {
  const headers = JSON.parse(document.body.getAttribute("hx-headers"));
  const answer = await fetch(address, { method: "POST", headers, body: new URLSearchParams(fields) });
  if (answer.redirected || (!answer.ok && answer.status !== 422)) throw new Error("no answer of the studio");
  return answer;
}

// The sentence that says why it is still off; nothing once it is on.
async function turnOn({ key, add, worker }) {
  if (await Notification.requestPermission() !== "granted") return BLOCKED;
  const { key: ours } = await (await post(key)).json();
  await navigator.serviceWorker.register(worker, { updateViaCache: "none" });
  const { pushManager } = await navigator.serviceWorker.ready;
  // One that is bound to another key would be refused, and one of another person's sign-in would be theirs.
  await (await pushManager.getSubscription())?.unsubscribe();
  const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(ours) });
  const { endpoint, keys } = made.toJSON();
  const answer = await post(add, { endpoint, p256dh: keys.p256dh, auth: keys.auth });
  if (answer.ok) {
    save("localStorage", PUSHED_HERE, "yes");
    return "";
  }
  await made.unsubscribe();
  return answer.text();
}

if (button && (!supported || Notification.permission === "denied")) {
  button.disabled = true;
  note.textContent = supported ? BLOCKED : UNABLE;
}
button?.addEventListener("click", async () => {
  button.disabled = true;
  note.textContent = "Asking the browser…";
  try {
    const problem = await turnOn(button.dataset);
    if (!problem) return location.reload();
    note.textContent = problem;
  } catch {
    note.textContent = "The browser’s push service could not be reached. Nothing was changed; try again later.";
  }
  button.disabled = false;
});

// The browser's part ends first; the form then removes ours.
for (const form of document.querySelectorAll("form[data-push-here]")) {
  form.addEventListener("submit", async (event) => {
    if (form.dataset.ended) return;
    event.preventDefault();
    form.dataset.ended = "yes";
    const { submitter } = event;
    try {
      await (await kept())?.unsubscribe();
    } finally {
      form.requestSubmit(submitter);
    }
  });
}
// Off here, perhaps by another browser or a sign-out: what this one has kept is of no use.
if (button) save("localStorage", PUSHED_HERE, null);
if (supported && button) kept().then((left) => left?.unsubscribe()).catch(() => {});
