// An answer that is the sign-in page must not land in a fragment: the session ended while the page was open.
// Loading the page again leads to sign-in and, from there, back to what its address holds.
const door = document.body.dataset.signIn;

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (!xhr.responseURL || new URL(xhr.responseURL).pathname !== door) return;
  event.detail.shouldSwap = false;
  location.reload();
});
