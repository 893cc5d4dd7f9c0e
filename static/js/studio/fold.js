// The folded row shows the beginning of the prompt while it is closed.
for (const mirror of document.querySelectorAll("[data-mirror]")) {
  const field = document.getElementById(mirror.dataset.mirror);
  const show = () => { mirror.textContent = field.value.slice(0, 60); };
  field.addEventListener("input", show);
  field.addEventListener("change", show);
  show();
}
