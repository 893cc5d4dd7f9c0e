// The browser tab's icon shows the state of the jobs; the title comes with the page and with each answer.
const icons = [...document.querySelectorAll('link[rel="icon"]')].map((link) => ({ link, usual: link.href }));

function paint() {
  const state = document.querySelector("[data-icon]")?.dataset;
  for (const { link, usual } of icons) {
    const href = (link.type === "image/png" ? state?.iconPng : state?.icon) ?? usual;
    if (link.href !== new URL(href, location.href).href) link.href = href;
  }
}

document.addEventListener("htmx:afterSwap", paint);
paint();
