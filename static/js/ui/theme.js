// The theme changes at once. The server keeps it, in a cookie that no script can read, and paints the next page in it.
const KEY = "theme";
const root = document.documentElement;

// Chosen a moment ago on the page before, and the server had not heard of it yet when it painted this one.
const chosen = sessionStorage.getItem(KEY);
if (chosen) {
  sessionStorage.removeItem(KEY);
  root.dataset.theme = chosen;
  for (const input of document.querySelectorAll(`[data-theme-picker] input[value="${CSS.escape(chosen)}"]`)) {
    input.checked = true;
  }
}

for (const picker of document.querySelectorAll("[data-theme-picker]")) {
  picker.hidden = false;
  picker.addEventListener("change", async ({ target }) => {
    root.dataset.theme = target.value;
    sessionStorage.setItem(KEY, target.value);
    const answer = await fetch(picker.dataset.themePicker, {
      method: "POST",
      headers: JSON.parse(document.body.getAttribute("hx-headers")),
      body: new URLSearchParams({ theme: target.value }),
      keepalive: true,
    });
    if (answer.ok && sessionStorage.getItem(KEY) === target.value) sessionStorage.removeItem(KEY);
  });
}
