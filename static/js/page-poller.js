// What the one poller of a page needs besides htmx: rest while nobody looks, and come back by itself.
const HIDDEN_EVERY_MS = 30_000;
let asked = 0;
let lost = false;

const poller = () => document.getElementById("poller");
const isPoll = (event) => event.target === poller();

function connection(isLost) {
  if (lost === isLost) return;
  lost = isLost;
  window.dispatchEvent(new Event(isLost ? "connection-lost" : "connection-back"));
}

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isPoll(event)) return;
  if (document.hidden && Date.now() - asked < HIDDEN_EVERY_MS) event.preventDefault();
  else asked = Date.now();
});

// Back from another tab, from sleep, or online again: ask at once.
function wake() {
  if (document.hidden || !poller()?.hasAttribute("hx-get")) return;
  htmx.trigger(poller(), "wake");
}
document.addEventListener("visibilitychange", wake);
window.addEventListener("pageshow", ({ persisted }) => persisted && wake());
// The cable is back, which says nothing about the studio: if it still does not answer, that is news again.
window.addEventListener("online", () => { lost = false; wake(); });

for (const trouble of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(trouble, (event) => { if (isPoll(event)) connection(true); });
}
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (!isPoll(event)) return;
  const { xhr, requestConfig } = event.detail;
  // Signed out meanwhile: the answer is the sign-in page. A reload leads there and back here. Gone, as a link that was
  // revoked: the page itself says so, and nothing of it stays on the screen.
  const isElsewhere = new URL(xhr.responseURL).pathname !== new URL(requestConfig.path, location.href).pathname;
  if (isElsewhere || xhr.status === 404) {
    event.preventDefault();
    location.reload();
  } else if (xhr.status < 400) {
    connection(false);
  }
});

// The count in the navigation goes down with what has ended here, and that of the dock with what is not in it.
let moving = Number(poller()?.dataset.moving ?? 0);
const hidden = () => Number(poller()?.dataset.moving ?? 0) - document.querySelectorAll(".dock-job:has(.bar)").length;
let waiting = hidden();
document.addEventListener("htmx:afterSwap", () => {
  const now = Number(poller()?.dataset.moving ?? 0);
  const badge = document.querySelector("#unfinished .badge");
  if (badge && now !== moving) {
    const left = Number.parseInt(badge.textContent, 10) + now - moving;
    if (left > 0) badge.firstChild.data = String(left);
    else badge.remove();
  }
  moving = now;
  const behind = hidden();
  const more = document.querySelector("[data-more]");
  if (more && behind !== waiting) {
    const left = Number(more.textContent) + behind - waiting;
    more.textContent = String(left);
    more.parentElement.hidden = left <= 0;
  }
  waiting = behind;
});

// A morph leaves alone what belongs to the reader: an open menu or dialog, a half-typed answer, a playing video.
const { callbacks } = Idiomorph.defaults;
callbacks.beforeAttributeUpdated = (name) => name !== "open" && name !== "style";
callbacks.beforeNodeMorphed = (old, fresh) => {
  if (!(old instanceof Element)) return true;
  if (old.matches("video, [data-plays]")) return old.id !== fresh.id;
  return !(old.matches("input, textarea") && old.value !== old.defaultValue);
};
