// The order in the studio: it survives a reload, a sign-in, the way back and Generate. Inputs are kept in the address,
// and all of it in this tab's storage: options return with the very inputs that they were chosen for, or not at all.
import { loadJson, save } from "../storage.js";
import { KINDS, onSlotChange } from "./slots.js";

const OPTIONS = ["behaviour", "resolution", "prompt", "seed_mode", "seed"];
const MIRRORED_LENGTH = 60;
const form = document.getElementById("studio-form");

function keepOptions() {
  const data = new FormData(form);
  const options = Object.fromEntries(OPTIONS.map((name) => [name, data.get(name) ?? ""]));
  save("sessionStorage", form.dataset.keep, JSON.stringify({ inputs: inputs(), options }));
}

function restoreOptions() {
  const kept = loadJson("sessionStorage", form.dataset.keep);
  if (kept?.inputs !== inputs()) return;
  for (const [name, value] of Object.entries(kept.options)) {
    const control = OPTIONS.includes(name) && form.elements.namedItem(name);
    if (!control || control.value === value) continue;
    control.value = value;
    const changed = control instanceof RadioNodeList ? form.querySelector(`[name="${name}"]:checked`) : control;
    changed?.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function inputs() {
  const named = new URLSearchParams();
  for (const kind of KINDS) {
    const id = form.elements.namedItem(kind)?.value;
    if (id) named.set(kind, id);
  }
  // Of a clip that is too long, an empty field means the whole of it: it is kept, too.
  for (const name of ["trim_start", "trim_end"]) {
    const field = form.elements.namedItem(name);
    if (field && (field.value || field.defaultValue)) named.set(name, field.value);
  }
  const crop = form.elements.namedItem("crop")?.value;
  if (crop) named.set("crop", crop);
  return named.toString();
}

function keepInputs() {
  keepOptions();
  const address = new URL(location);
  address.search = inputs();
  // A page that was posted has another address, to which there is no way back.
  if (location.pathname === "/") history.replaceState(history.state, "", address);
}

// A notice offers the other behaviour. The focus goes along: the notice is gone with the next price.
form.addEventListener("click", ({ target }) => {
  const behaviour = target.closest("[data-choose]")?.dataset.choose;
  const radio = behaviour && form.querySelector(`[name="behaviour"][value="${behaviour}"]`);
  radio?.click();
  radio?.focus();
});
// Or a shorter part of the clip.
form.addEventListener("click", (event) => {
  const offer = event.target.closest("a[data-start]");
  const [start, end] = ["trim_start", "trim_end"].map((name) => form.elements.namedItem(name));
  if (!offer || !start || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  start.value = offer.dataset.start;
  end.value = offer.dataset.end;
  start.dispatchEvent(new Event("input", { bubbles: true }));
  document.querySelector("#trim [data-handle=start]")?.focus({ preventScroll: true });
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  document.getElementById("generate").click();
});
form.addEventListener("input", keepOptions);
form.addEventListener("submit", keepOptions);
form.addEventListener("change", keepInputs);
onSlotChange(keepInputs);
// After htmx and the other modules listen.
if ("restore" in form.dataset) document.addEventListener("DOMContentLoaded", restoreOptions);

// The folded row shows the beginning of the prompt while it is closed.
for (const mirror of document.querySelectorAll("[data-mirror]")) {
  const field = document.getElementById(mirror.dataset.mirror);
  const show = () => { mirror.textContent = field.value.slice(0, MIRRORED_LENGTH); };
  field.addEventListener("input", show);
  field.addEventListener("change", show);
  show();
}
