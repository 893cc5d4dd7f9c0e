// The way back to an order: the page with its inputs, as this tab left them, before an empty one is shown. No module: those
// run after the first paint, and all of js/ is bundled into one.
(({ dataset }) => {
  let kept = null;
  try { kept = JSON.parse(sessionStorage.getItem(dataset.keep)); } catch { /* Nothing is kept then. */ }
  if (kept?.inputs) location.replace(`/?${kept.inputs}`);
})(document.currentScript);
