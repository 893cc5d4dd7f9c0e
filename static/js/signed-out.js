// An answer that is the sign-in page must not land in a fragment: the session ended while the page was open.
// Loading the page again leads to sign-in and, from there, back to what its address holds.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, pathInfo } = event.detail;
  if (!xhr.responseURL || new URL(xhr.responseURL).pathname === new URL(pathInfo.finalRequestPath, location).pathname) return;
  event.detail.shouldSwap = false;
  location.reload();
});
