// The theme changes at once. The server keeps it, in a cookie that no script can read, and paints the next page in it.
import { load, save } from "../storage.js";
import { noteChange } from "./restored.js";

const KEY = "theme";
const root = document.documentElement;

// Chosen a moment ago on the page before, and the server had not heard of it yet when it painted this one.
const chosen = load("sessionStorage", KEY);
if (chosen) {
  save("sessionStorage", KEY, null);
  root.dataset.theme = chosen;
  for (const input of document.querySelectorAll(`[data-theme-picker] input[value="${CSS.escape(chosen)}"]`)) {
    input.checked = true;
  }
}

for (const picker of document.querySelectorAll("[data-theme-picker]")) {
  picker.hidden = false;
  picker.addEventListener("change", async ({ target }) => {
    root.dataset.theme = target.value;
    save("sessionStorage", KEY, target.value);
    noteChange();
    const answer = await fetch(picker.dataset.themePicker, {
      method: "POST",
      headers: JSON.parse(document.body.getAttribute("hx-headers")),
      body: new URLSearchParams({ theme: target.value }),
      keepalive: true,
    }).catch(() => null);
    if (answer?.ok && load("sessionStorage", KEY) === target.value) save("sessionStorage", KEY, null);
  });
}
