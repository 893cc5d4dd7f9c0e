// Keeps the theme in a cookie, so that the server paints the right one from the first byte.
const YEAR_S = 31_536_000;

for (const picker of document.querySelectorAll("[data-theme-picker]")) {
  picker.hidden = false;
  picker.addEventListener("change", ({ target }) => {
    document.documentElement.dataset.theme = target.value;
    document.cookie = `theme=${target.value}; path=/; max-age=${YEAR_S}; samesite=lax`;
  });
}
