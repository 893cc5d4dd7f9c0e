// Pages that come back from the browser's cache: as they were, at once; unless something was changed here since, or
// someone signed out. Then they are loaded again, and nothing of them is seen.
import { load, save } from "../storage.js";

const CHANGED = "changed";
const isSignIn = location.pathname === document.body.dataset.signIn;
let seen = Date.now();
let isSent = false;

export function noteChange() {
  save("localStorage", CHANGED, String(Date.now()));
}

if (isSignIn) noteChange();

document.addEventListener("submit", ({ target, submitter, defaultPrevented }) => {
  // What htmx sends changes the page, too; a form that leads to the next page leaves this one as it was.
  if (defaultPrevented || (submitter?.formMethod || target.method) !== "post") return;
  noteChange();
  isSent = true;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.requestConfig.verb !== "get") noteChange();
});
window.addEventListener("pagehide", () => { if (!isSent) seen = Date.now(); });
window.addEventListener("pageshow", ({ persisted }) => {
  if (!persisted || Number(load("localStorage", CHANGED) ?? 0) <= seen) return;
  document.documentElement.hidden = true;
  location.reload();
});
