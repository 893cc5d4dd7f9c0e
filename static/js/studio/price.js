// The price card: asked for again whenever what it depends on changes, and not to be clicked while it may be stale.
// hx-sync drops the older of two requests, so that the answer on the page belongs to the last change.
import { onSlotChange } from "./slots.js";

const AGAIN_MS = 3000;
const form = document.getElementById("studio-form");
const card = document.getElementById("price");
const status = document.getElementById("studio-status");
const button = () => document.getElementById("generate");

let retry;

function ask() {
  clearTimeout(retry);
  htmx.trigger(card, "ask");
}

function busy() {
  card.setAttribute("aria-busy", "true");
  button().disabled = true;
}

function settle() {
  card.removeAttribute("aria-busy");
  button().disabled = "incomplete" in button().dataset;
  const reason = card.querySelector("#price-reason");
  if (!reason) return;
  status.textContent = reason.textContent;
  // The slot of a clip that is still on its way says its price first.
  const fact = document.querySelector("#motion-slot[data-arriving]:not([data-failed]) [data-fact]");
  if (fact) fact.textContent = reason.dataset.short;
}

function lost() {
  document.getElementById("generate-note").textContent = "Connection lost. The price returns when it is back.";
  clearTimeout(retry);
  retry = setTimeout(ask, AGAIN_MS);
}

card.addEventListener("htmx:beforeRequest", (event) => {
  // While the form is on its way its price is settled.
  if (button().getAttribute("aria-busy") === "true") event.preventDefault();
  else busy();
});
card.addEventListener("htmx:afterSwap", ({ target }) => { if (target === card) settle(); });
card.addEventListener("htmx:sendError", lost);
card.addEventListener("htmx:responseError", lost);
window.addEventListener("online", ask);

onSlotChange(ask);
form.addEventListener("submit", (event) => {
  if (event.submitter === button() && card.hasAttribute("aria-busy")) event.preventDefault();
});
// From the browser's cache comes a page whose form may have been sent: the answer brings a fresh one.
window.addEventListener("pageshow", ({ persisted }) => { if (persisted) ask(); });
settle();
