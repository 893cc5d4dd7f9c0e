// Browse and "Add" of the two places. Whatever comes in, by whichever way, ends in one event on the document:
// "give" with {file} or {url}, and the kind where it was said, or the place it came near to.
const give = (detail) => document.dispatchEvent(new CustomEvent("give", { detail }));

function giveLink(field) {
  const url = field.value.trim();
  // Its place is about to be replaced, and losing the focus would report a change once more.
  field.value = "";
  if (url) give({ url, kind: field.dataset.give });
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-give]")) return;
  if (target.type !== "file") return giveLink(target);
  const [file] = target.files;
  // The form posts what is stored already; a file left here would be sent a second time.
  target.value = "";
  if (file) give({ file, kind: target.dataset.give });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches('[type="url"][data-give]')) return;
  event.preventDefault();
  giveLink(event.target);
});

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add]");
  if (!add) return;
  event.preventDefault();
  const field = add.closest(".link-row").querySelector("[data-give]");
  if (field.value.trim()) giveLink(field);
  else field.focus();
});
