// Times in the reader's own time zone; the server writes them in UTC.
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const soon = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const SIZES = [[43_200], [1440, "day"], [60, "hour"], [1, "minute"]];

function since(moment) {
  const minutes = Math.floor((Date.now() - moment) / 60_000);
  const [size, name] = SIZES.find(([least]) => minutes >= least) ?? [0];
  if (!size) return "just now";
  if (!name) return date.format(moment);
  const count = Math.floor(minutes / size);
  return `${count} ${name}${count === 1 ? "" : "s"} ago`;
}

function writeAll() {
  for (const time of document.querySelectorAll("time[data-time]")) {
    const moment = new Date(time.dateTime);
    const write = { clock: clock.format, date: soon.format, ago: since }[time.dataset.time];
    time.textContent = write(moment);
    time.title = exact.format(moment);
  }
}

document.addEventListener("htmx:afterSwap", writeAll);
setInterval(writeAll, 30_000);
writeAll();
