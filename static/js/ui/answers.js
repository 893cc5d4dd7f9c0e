// Answers to htmx that are no part of the page: failures, what another server said in the studio's place, the sign-in
// page. None of them lands in the page, what was typed stays where it is, and a sentence beside it says what happened.
import { isSignIn } from "./session.js";
import { leave } from "./toast.js";

const UNSURE = "We don’t know whether this was done. Your input is still here. Check the page in another tab first.";
const NOTHING = "Nothing was sent and nothing was charged.";
const AGAIN = "Your input is still here. Try again in a moment.";
// A request that a newer one replaces is no error, and what is wrong with another is told by the event that follows.
htmx.logger = (_, name, detail) => {
  if (name === "htmx:sendAbort" || name === "htmx:afterRequest") delete detail.error;
};
// These show it themselves when no answer comes.
const QUIET = ["poller", "bell", "price"];

// Every answer of the studio says that it is one.
export const isOurs = (xhr) => xhr.getResponseHeader("X-Wan-Studio") !== null;

// Of an answer that is no success, or not ours: what happened, and what it means.
export function problemOf(xhr) {
  const { status } = xhr;
  if (status === 0) return ["Connection lost.", UNSURE];
  if (isOurs(xhr)) {
    const said = xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") && xhr.responseText;
    if (said) return [said, ""];
    if (status === 403 || status === 404) return ["This is no longer possible here.", "Nothing was changed. Your input is still here."];
    return [`The studio could not do this (${status}).`, AGAIN];
  }
  if (status === 413) {
    return [
      "The proxy server rejected this: it is larger than its limit (413).",
      `${NOTHING} Choose a smaller file, or ask the person who runs the proxy server to raise the limit.`,
    ];
  }
  if (status === 504) return ["The proxy server got no answer in time (504).", UNSURE];
  if (status >= 500) return [`The proxy server cannot reach the studio (${status}).`, AGAIN];
  if (status >= 400) return [`The proxy server rejected this (${status}).`, `${NOTHING} Ask the person who runs the proxy server.`];
  return ["Another server answered instead of the studio.", `${NOTHING} If it is your network’s sign-in page, open it. Then try again.`];
}

// In the line that a form shows for this, or in a new one. A closed dialog shows none.
function show(target, problem) {
  const place = target.closest("form") ?? target.closest("dialog, .menu-panel") ?? document.getElementById("main");
  const lines = place.querySelectorAll("p.field-error[role=alert], [data-problem]");
  let line = [...lines].find((one) => !one.closest("dialog:not([open])"));
  if (!line && problem) {
    line = Object.assign(document.createElement("p"), { className: "field-error" });
    line.dataset.problem = "";
    line.setAttribute("role", "alert");
    if (place.matches("form")) place.append(line);
    else place.prepend(line);
  }
  if (!line) return;
  line.textContent = problem ? problem.join(" ").trim() : "";
  line.hidden = !problem;
}

// Before htmx follows any header of it.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr } = event.detail;
  const signedOut = isSignIn(xhr.responseURL);
  if (isOurs(xhr) && !signedOut) return;
  event.preventDefault();
  if (!signedOut || event.target.id === "price") htmx.trigger(event.target, "htmx:responseError", event.detail);
  if (signedOut && !QUIET.slice(0, 2).includes(event.target.id)) leave();
});

document.addEventListener("htmx:afterRequest", ({ detail: { xhr, requestConfig }, target }) => {
  if (!xhr.status || QUIET.includes(target.id) || isSignIn(xhr.responseURL)) return;
  // On the way to another page.
  if (isOurs(xhr) && (xhr.getResponseHeader("HX-Redirect") || xhr.getResponseHeader("HX-Refresh"))) return;
  if (xhr.status >= 400 || !isOurs(xhr)) return show(target, problemOf(xhr));
  show(target, null);
  // What was put back into this form is taken now.
  if (requestConfig.verb !== "get") target.closest("form")?.querySelector(".typed-again")?.remove();
});
for (const failure of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(failure, ({ detail: { xhr }, target }) => { if (!QUIET.includes(target.id)) show(target, problemOf(xhr)); });
}
