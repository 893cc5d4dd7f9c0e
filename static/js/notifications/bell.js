// The bell: its poller, its panel, and what it brings for the desktop.
import { startPoller } from "../poller.js";
import { notify } from "./desktop.js";

const bell = () => document.getElementById("bell");
let newest = bell()?.dataset.newest;

// Signed out meanwhile: the answer is another page, which must not land in the bell. The next click leads to sign-in.
startPoller("bell", { over: () => bell().remove() });

document.addEventListener("htmx:afterSwap", () => {
  for (const { dataset } of document.querySelectorAll("#bell [data-loud]")) {
    notify({ pushed: "pushed" in dataset, id: Number(dataset.loud), title: dataset.title, body: dataset.detail, url: dataset.url });
  }
  if (document.querySelector("#bell-menu[open]") && bell()?.dataset.newest !== newest) htmx.trigger("#bell-panel", "refresh");
  newest = bell()?.dataset.newest;
});
