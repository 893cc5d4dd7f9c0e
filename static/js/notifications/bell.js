// The bell asks every five seconds while somebody looks, and rarely behind other tabs.
const HIDDEN_EVERY_MS = 30_000;
let asked = 0;

const bell = () => document.getElementById("bell");
const isBell = (event) => event.target === bell();

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isBell(event)) return;
  if (document.hidden && Date.now() - asked < HIDDEN_EVERY_MS) event.preventDefault();
  else asked = Date.now();
});

function wake() {
  if (!document.hidden && bell()) htmx.trigger(bell(), "wake");
}
document.addEventListener("visibilitychange", wake);
window.addEventListener("pageshow", ({ persisted }) => persisted && wake());

// Signed out meanwhile: the answer is another page, which must not land in the bell. The next click leads to sign-in.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (!isBell(event)) return;
  const { xhr, requestConfig } = event.detail;
  if (new URL(xhr.responseURL).pathname === new URL(requestConfig.path, location.href).pathname) return;
  event.preventDefault();
  bell().remove();
});

// What a browser may say aloud: once for all tabs, and only where it was asked for on this computer.
function sayAloud() {
  if (localStorage.getItem("aloud") !== "yes" || !("Notification" in window) || Notification.permission !== "granted") return;
  for (const { dataset } of document.querySelectorAll("#bell [data-loud]")) {
    const said = Number(localStorage.getItem("aloud-last") ?? 0);
    if (Number(dataset.loud) <= said) continue;
    localStorage.setItem("aloud-last", dataset.loud);
    const shown = new Notification(dataset.title, { body: dataset.detail, tag: `wan-studio-${dataset.loud}` });
    shown.addEventListener("click", () => { window.focus(); location.assign(dataset.url); });
  }
}

document.addEventListener("htmx:afterSwap", () => {
  sayAloud();
  if (document.querySelector("#bell-menu[open]") && bell()?.dataset.newest !== shownNewest) htmx.trigger("#bell-panel", "refresh");
  shownNewest = bell()?.dataset.newest;
});
let shownNewest = bell()?.dataset.newest;
