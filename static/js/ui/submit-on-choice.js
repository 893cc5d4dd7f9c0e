// <select data-submit> sends its form when something is chosen; without a script the button beside it does.
document.querySelectorAll("select[data-submit]").forEach((select) => {
  select.form.querySelector("[data-without-script]")?.setAttribute("hidden", "");
  select.addEventListener("change", () => select.form.requestSubmit());
});
