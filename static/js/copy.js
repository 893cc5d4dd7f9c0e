// <button data-copy="id" hidden>: copies the value of the field with this id and says so in its own label.
document.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = false; });
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Over plain http there is no clipboard to write to; the old way still is.
    document.execCommand("copy");
  }
  const word = button.querySelector("[data-word]") ?? button;
  const was = word.textContent;
  word.textContent = "Copied";
  setTimeout(() => { word.textContent = was; }, 2000);
});
document.addEventListener("focusin", ({ target }) => { if (target.matches?.("input[readonly].link-field")) target.select(); });
