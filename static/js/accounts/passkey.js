// Passkeys: the sentences for a browser without them and for a person who cancels; allauth's own scripts do the rest.
const able = window.isSecureContext && "PublicKeyCredential" in window;
document.querySelectorAll("[data-passkey]").forEach((button) => { button.inert = false; button.hidden = !able; });
document.querySelectorAll("[data-no-passkey]").forEach((words) => { words.hidden = able; });

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const words = document.querySelector("[data-passkey-problem]");
  if (!words) return;
  words.textContent = event.detail.exception?.name === "NotAllowedError"
    ? "The browser did not create a passkey. Nothing was changed; try again."
    : "This browser could not use a passkey here. Nothing was changed.";
  words.hidden = false;
});
