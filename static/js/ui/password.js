// The eye at the end of a password field. Without this module the field has no eye.
for (const eye of document.querySelectorAll("[data-reveal]")) {
  const field = document.getElementById(eye.dataset.reveal);
  eye.hidden = false;
  eye.addEventListener("click", () => {
    const show = field.type === "password";
    field.type = show ? "text" : "password";
    eye.setAttribute("aria-pressed", String(show));
  });
}
