// What was chosen survives a reload, a sign-in and the back button: inputs in the address, options in this tab's storage.
const form = document.getElementById("studio-form");
const KINDS = ["character", "motion"];
const OPTIONS = ["behaviour", "resolution", "prompt", "seed_mode", "seed"];

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(form.dataset.keep)) ?? {};
  } catch {
    return {};
  }
}

function keepOptions() {
  const data = new FormData(form);
  const options = Object.fromEntries(OPTIONS.map((name) => [name, data.get(name) ?? ""]));
  try {
    sessionStorage.setItem(form.dataset.keep, JSON.stringify(options));
  } catch {
    // Storage that is full or forbidden costs the convenience, nothing else.
  }
}

function restoreOptions() {
  for (const [name, value] of Object.entries(read())) {
    const control = OPTIONS.includes(name) && form.elements.namedItem(name);
    if (!control || control.value === value) continue;
    control.value = value;
    const changed = control instanceof RadioNodeList ? form.querySelector(`[name="${name}"]:checked`) : control;
    changed?.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function keepInputs() {
  const address = new URL(location);
  address.search = "";
  for (const kind of KINDS) {
    const id = form.elements.namedItem(kind)?.value;
    if (id) address.searchParams.set(kind, id);
  }
  // A page that was posted has another address, to which there is no way back.
  if (location.pathname === "/") history.replaceState(history.state, "", address);
}

form.addEventListener("input", keepOptions);
form.addEventListener("change", keepOptions);
// A place of the studio got other contents, by htmx or by the studio's own scripts.
for (const name of ["htmx:load", "slot"]) {
  document.addEventListener(name, ({ target }) => { if (target.matches?.("[data-slot]")) keepInputs(); });
}
// After htmx and the other modules listen.
if ("restore" in form.dataset) document.addEventListener("DOMContentLoaded", restoreOptions);
