// <a href="/confirm/" data-dialog="id"> leads to a page; if there is a <dialog id="id">, it opens that instead.
// The element with autofocus inside, the safe choice, gets the focus from the browser.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (!dialog) return;
    event.preventDefault();
    dialog.showModal();
    return;
  }
  const dialog = event.target.closest("dialog[open]");
  if (dialog && (event.target === dialog || event.target.closest("[data-close]"))) {
    event.preventDefault();
    dialog.close();
  }
});

// A fragment loaded into the shared dialog opens it; when it closes, its contents are gone.
const shared = document.getElementById("dialog");
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target === shared && shared.childElementCount && !shared.open) shared.showModal();
});
shared?.addEventListener("close", () => shared.replaceChildren());
