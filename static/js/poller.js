// Pollers: elements that htmx asks again every few seconds while someone looks, and rarely in a hidden tab.
import { isOurs } from "./ui/answers.js";

const HIDDEN_EVERY_MS = 30_000;
const ignore = () => {};

// `id` of the element, which each answer can replace.
// `over` is called instead of htmx's swap when an answer comes from another address, as the sign-in page does, or with
// one of the statuses `overAt`; it is given which of both. Returns what asks at once.
export function startPoller(id, { over, overAt = [], answered = ignore, failed = ignore }) {
  const element = () => document.getElementById(id);
  const isIts = (event) => event.target === element();
  let askedAt = 0;

  // With allowEval off htmx ignores a filter in hx-trigger and polls anyway.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isIts(event)) return;
    if (document.hidden && Date.now() - askedAt < HIDDEN_EVERY_MS) event.preventDefault();
    else askedAt = Date.now();
  });

  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (!isIts(event)) return;
    const { xhr, requestConfig } = event.detail;
    const isElsewhere = new URL(xhr.responseURL).pathname !== new URL(requestConfig.path, location.href).pathname;
    if (isElsewhere || overAt.includes(xhr.status)) {
      event.preventDefault();
      over(isElsewhere);
    } else if (xhr.status < 400 && isOurs(xhr)) {
      answered();
    }
  });
  for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(failure, (event) => { if (isIts(event)) failed(); });
  }

  function ask() {
    if (!document.hidden && element()?.hasAttribute("hx-get")) htmx.trigger(element(), "wake");
  }
  // Back from another tab, from sleep or from the browser's cache.
  document.addEventListener("visibilitychange", ask);
  window.addEventListener("pageshow", ({ persisted }) => { if (persisted) ask(); });
  return ask;
}
