// The theme changes at once. The server keeps it, in a cookie that no script can read, and paints the next page in it.
for (const picker of document.querySelectorAll("[data-theme-picker]")) {
  picker.hidden = false;
  picker.addEventListener("change", ({ target }) => {
    document.documentElement.dataset.theme = target.value;
    fetch(picker.dataset.themePicker, {
      method: "POST",
      headers: JSON.parse(document.body.getAttribute("hx-headers")),
      body: new URLSearchParams({ theme: target.value }),
      keepalive: true,
    });
  });
}
