// The price card: asked for again whenever what it depends on changes, and not to be clicked while it can be stale.
// hx-sync drops the older of two requests, so that the answer on the page belongs to the last change.
import { onSlotChange } from "./slots.js";

const AGAIN_MS = 3000;
const form = document.getElementById("studio-form");
const card = document.getElementById("price");
const status = document.getElementById("studio-status");
const button = () => document.getElementById("generate");

let retry;
// What is priced, in milliseconds; and whether that has changed since it was asked for.
let shown;
let hasMoved = false;

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
  shown = reason && Number(reason.dataset.seconds) * 1000;
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

// The arithmetic of money/pricing.py, so that the price keeps up with a hand: in cents, from milliseconds and millionths
// of a dollar a second. The server is asked right after, and nothing can be clicked before its quote is here.
const resolution = () => form.querySelector('[name="resolution"]:checked').value;
const unitOf = (name) => form.querySelector(`[name="resolution"][value="${name}"]`).dataset.unit;
const billed = (ms) => Math.min(Math.max(ms, card.dataset.min * 1000), card.dataset.max * 1000);
const cents = (ms, name) => Math.floor((billed(ms) * Math.round(unitOf(name) * 1e6) + 5e6) / 1e7);
const dollars = (amount) => `$${(amount / 100).toFixed(2)}`;

// A length in words: rounded only so far that, multiplied by hand, it gives the price, and keeps its side of a limit.
function lengthOf(ms, name) {
  const isHonest = (text) => {
    if (billed(ms) === ms) return cents(text * 1000, name) === cents(ms, name) && billed(text * 1000) === text * 1000;
    return ms > billed(ms) ? text * 1000 > billed(ms) : text > 0 && text * 1000 < billed(ms);
  };
  const rounded = [1, 2, 3].map((digits) => String(Number((ms / 1000).toFixed(digits))));
  return rounded.find(isHonest) ?? String(ms / 1000);
}

// What trimming from one length to another saves at the chosen resolution; empty if that is nothing.
export function saved(wholeMs, ms) {
  const less = cents(wholeMs, resolution()) - cents(ms, resolution());
  return less > 0 ? dollars(less) : "";
}

function paint(ms) {
  const name = resolution();
  const price = dollars(cents(ms, name));
  shown = ms;
  for (const radio of form.querySelectorAll('[name="resolution"]')) {
    document.getElementById(`price-${radio.value}`).textContent = dollars(cents(ms, radio.value));
  }
  for (const sum of card.querySelectorAll("[data-price]")) sum.textContent = price;
  const [sum, times] = ["sum", "times"].map((part) => card.querySelector(`[data-${part}]`));
  if (!sum) return;
  const [length, unit] = [`${lengthOf(ms, name)} s`, `× $${unitOf(name)}`];
  const isBilledElse = billed(ms) !== ms;
  sum.textContent = isBilledElse ? `${length}, billed as ${billed(ms) / 1000} s` : `${length} ${unit}`;
  times.textContent = isBilledElse ? `${unit} = ${price}${ms > billed(ms) ? ", the rest is not generated" : ""}` : name;
}

export function showPrice(ms) {
  hasMoved = true;
  busy();
  paint(ms);
}

form.addEventListener("change", ({ target }) => { if (target.name === "resolution" && shown) paint(shown); });
card.addEventListener("htmx:beforeRequest", (event) => {
  // While the form is on its way its price is settled.
  if (button().getAttribute("aria-busy") === "true") event.preventDefault();
  else busy();
  hasMoved = false;
});
// An answer to what was is no longer shown: the next one is asked for.
card.addEventListener("htmx:beforeSwap", ({ detail }) => { if (hasMoved) detail.shouldSwap = false; });
card.addEventListener("htmx:afterSwap", ({ target }) => { if (target === card) settle(); });
card.addEventListener("htmx:sendError", lost);
card.addEventListener("htmx:responseError", lost);
window.addEventListener("online", ask);

onSlotChange(ask);
document.addEventListener("scanned", ask);
form.addEventListener("submit", (event) => {
  if (event.submitter === button() && card.hasAttribute("aria-busy")) event.preventDefault();
});
// From the browser's cache comes a page whose form might have been sent: the answer brings a fresh one.
window.addEventListener("pageshow", ({ persisted }) => { if (persisted) ask(); });
settle();
