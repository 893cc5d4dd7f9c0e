// Copy buttons: hidden until this runs, since the address in the field beside them can always be selected.
const COPIED_MS = 2000;

function show() { for (const button of document.querySelectorAll("[data-copy][hidden]")) button.hidden = false; }

async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Without https there is no clipboard to write to; the old way still works from a click.
    field.select();
    document.execCommand("copy");
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  const field = button && document.getElementById(button.dataset.copy);
  if (!field) return;
  await copy(field);
  const words = button.lastChild;
  const usual = words.textContent;
  if (button.dataset.copied) return;
  button.dataset.copied = "1";
  words.textContent = "Copied";
  setTimeout(() => { words.textContent = usual; delete button.dataset.copied; }, COPIED_MS);
});

document.addEventListener("htmx:afterSwap", show);
show();
document.addEventListener("focusin", ({ target }) => { if (target.matches?.("input[readonly].link-field")) target.select(); });
