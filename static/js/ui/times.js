// Times in the reader's own time zone, kept true while the page is open; the server writes them in UTC.
import { dayAndTime, exact, since, timeOfDay } from "../clock.js";

const FORMATS = { clock: timeOfDay, date: dayAndTime, ago: since };

function writeAll() {
  for (const time of document.querySelectorAll("time[data-time]")) {
    const moment = new Date(time.dateTime);
    time.textContent = FORMATS[time.dataset.time](moment);
    time.title = exact(moment);
  }
}

document.addEventListener("htmx:afterSwap", writeAll);
setInterval(writeAll, 30_000);
writeAll();
