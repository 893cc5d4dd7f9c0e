// Following of jobs: the entry of pages whose jobs move on by themselves, and the counts that move with them.
import "../page-poller.js";
import "./progress.js";
import "./tab-icon.js";

const unfinished = () => Number(document.getElementById("poller")?.dataset.moving ?? 0);
const beyondDock = () => unfinished() - document.querySelectorAll(".dock-job:has(.bar)").length;
let shown = { unfinished: unfinished(), beyondDock: beyondDock() };

// The count in the navigation goes down with what has ended here, and that of the dock with what is not in it.
document.addEventListener("htmx:afterSwap", () => {
  const current = { unfinished: unfinished(), beyondDock: beyondDock() };
  const badge = document.querySelector("#unfinished .badge");
  if (badge && current.unfinished !== shown.unfinished) {
    const count = Number(badge.firstChild.data) + current.unfinished - shown.unfinished;
    if (count > 0) badge.firstChild.data = String(count);
    else badge.remove();
  }
  const more = document.querySelector("[data-more]");
  if (more && current.beyondDock !== shown.beyondDock) {
    const count = Number(more.textContent) + current.beyondDock - shown.beyondDock;
    more.textContent = String(count);
    more.parentElement.hidden = count <= 0;
  }
  shown = current;
});
