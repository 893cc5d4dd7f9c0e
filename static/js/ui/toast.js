// Toasts say what was done, never what went wrong. From the server: a message, or the header
// HX-Trigger: {"toast": {"text": "…", "href": "/videos/3/", "label": "Watch"}}.
const SHOWN_MS = 6000;
const region = document.getElementById("toasts");

function leave(toast) {
  let timer;
  const start = () => { timer = setTimeout(() => toast.remove(), SHOWN_MS); };
  const hold = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", hold);
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

// The browser knows its own cable; a poll (js/poll.js) knows when the studio does not answer.
// Guests of a shared link have no jobs.
const LOST = document.body.matches(".guest") ? "Connection lost." : "Connection lost. Your jobs go on.";
let offline;
for (const lost of ["offline", "connection-lost"]) {
  window.addEventListener(lost, () => { offline ??= show({ text: LOST }); });
}
for (const back of ["online", "connection-back"]) {
  window.addEventListener(back, () => { offline?.remove(); offline = undefined; });
}

document.body.addEventListener("toast", ({ detail }) => leave(show(detail)));
for (const toast of region.children) leave(toast);
