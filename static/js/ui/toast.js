// Toasts say what was done, never what went wrong. From the server: a message, or the header
// HX-Trigger: {"toast": {"text": "…", "href": "/videos/3/", "label": "Watch"}}.
const SHOWN_MS = 6000;
// Guests of a shared link have no jobs.
const LOST = document.body.matches(".guest") ? "Connection lost." : "Connection lost. Your jobs continue.";
const region = document.getElementById("toasts");

// Stays while the pointer or the focus is on it.
function expire(toast) {
  let timer;
  const start = () => { timer = setTimeout(() => toast.remove(), SHOWN_MS); };
  const stop = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", start);
  start();
}

function show({ text, href, label }) {
  const toast = document.createElement("div");
  toast.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  toast.append(words);
  if (href && label) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = label;
    toast.append(link);
  }
  region.append(toast);
  return toast;
}

// The browser knows its own network; the page's poller knows when the studio does not answer.
let offline;
export function connectionLost() { offline ??= show({ text: LOST }); }
export function connectionBack() {
  offline?.remove();
  offline = undefined;
}
window.addEventListener("offline", connectionLost);

const fields = new Set();
document.addEventListener("input", ({ target }) => fields.add(target));
const isChanged = (field) => field.isConnected && (field.checked !== field.defaultChecked || (field.value && field.value !== field.defaultValue));

// Signed out meanwhile. Loading the page again leads to sign-in and back, but not while something is typed here: its own
// button keeps that.
let left;
export function leave() {
  if (![...fields].some(isChanged)) return location.reload();
  if (left?.isConnected) return;
  left = show({ text: "You are signed out. Your input is still here.", href: document.body.dataset.signIn, label: "Sign in in another tab" });
  left.querySelector("a").target = "_blank";
}
window.addEventListener("online", connectionBack);

document.body.addEventListener("toast", ({ detail }) => expire(show(detail)));
for (const toast of region.children) expire(toast);
