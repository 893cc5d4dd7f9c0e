// Forms: buttons that say they are busy, passwords that can be shown, selects that send their form.

// A form that has been sent says so on its button and cannot be sent twice by a second click.
// The server does not rely on it: what spends money carries a nonce of its own.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.defaultPrevented || !button?.matches("[data-busy]")) return;
  if (button.getAttribute("aria-busy") === "true") {
    event.preventDefault();
    return;
  }
  button.setAttribute("aria-busy", "true");
});

// A page that comes back from the browser's cache must not stay busy for ever.
window.addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  for (const button of document.querySelectorAll("[data-busy][aria-busy]")) button.removeAttribute("aria-busy");
});

// The eye at the end of a password field. Without this module it has none.
for (const eye of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(eye.dataset.reveal);
  eye.hidden = false;
  eye.addEventListener("click", () => {
    const show = field.type === "password";
    field.type = show ? "text" : "password";
    eye.setAttribute("aria-pressed", String(show));
  });
}

// <select data-submit> sends its form when something is chosen; without a script the button beside it does.
document.querySelectorAll("select[data-submit]").forEach((select) => {
  select.form.querySelector("[data-without-script]")?.setAttribute("hidden", "");
  select.addEventListener("change", () => select.form.requestSubmit());
});
