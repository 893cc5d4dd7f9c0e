// Clock: what time it is at the server, and times of day, ages and elapsed time as people read them.
const MAX_SKEW_MS = 5000;
const UNITS = [[1440, "day"], [60, "hour"], [1, "minute"]];
const AS_DATE_FROM_MINUTES = 43_200;

// Times of day in the reader's own time zone and manner, sentences in the page's language.
const local = (options) => new Intl.DateTimeFormat(undefined, options).format;
export const timeOfDay = local({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const exact = local({ dateStyle: "medium", timeStyle: "medium" });
export const dayAndTime = local({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = local({ day: "numeric", month: "short", year: "numeric" });
const age = new Intl.RelativeTimeFormat("en");

let skew = 0;

// Unix ms. The reader's clock can be wrong by minutes: each answer says what time it is at the server.
export const now = () => Date.now() + skew;
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const off = Date.parse(detail.xhr?.getResponseHeader("Date") ?? "") - Date.now();
  skew = Math.abs(off) > MAX_SKEW_MS ? off : 0;
});

// "just now", "3 minutes ago", and a date from a month on.
export function since(moment) {
  const minutes = Math.floor((now() - moment) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes >= AS_DATE_FROM_MINUTES) return day(moment);
  const [size, unit] = UNITS.find(([minimum]) => minutes >= minimum);
  return age.format(-Math.floor(minutes / size), unit);
}

// "0:07", "1:02:03".
export function elapsed(seconds) {
  const whole = Math.max(Math.floor(seconds), 0);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return `${hours ? `${hours}:${two(minutes)}` : minutes}:${two(whole % 60)}`;
}
