// Paste a picture, a clip or a link anywhere on the page; what is pasted into a field stays in the field.
const isLink = (text) => /^https?:\/\/\S+$/i.test(text);
const give = (detail) => document.dispatchEvent(new CustomEvent("give", { detail }));

document.addEventListener("paste", (event) => {
  const { files } = event.clipboardData;
  const text = event.clipboardData.getData("text/plain").trim();
  if (!files.length && (event.target.closest?.("input, textarea") || !isLink(text))) return;
  event.preventDefault();
  if (files.length) for (const file of files) give({ file });
  else give({ url: text });
});

// The row "Paste" of the menu needs to read the clipboard by itself, which only some browsers and addresses allow.
async function giveClipboard(kind) {
  for (const item of await navigator.clipboard.read()) {
    const type = item.types.find((each) => /^(image|video)\//.test(each));
    if (type) return give({ file: new File([await item.getType(type)], `pasted.${type.split("/")[1]}`, { type }), kind });
    if (!item.types.includes("text/plain")) continue;
    const text = (await (await item.getType("text/plain")).text()).trim();
    if (isLink(text)) return give({ url: text, kind });
  }
}

if (navigator.clipboard?.read) {
  const show = () => { for (const row of document.querySelectorAll("[data-paste]")) row.hidden = false; };
  document.addEventListener("htmx:load", show);
  document.addEventListener("slot", show);
  document.addEventListener("click", ({ target }) => {
    const row = target.closest("[data-paste]");
    // Refused by the person: nothing was asked of us then.
    if (row) giveClipboard(row.dataset.paste).catch(() => {});
  });
  show();
}
