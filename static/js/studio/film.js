// The film strip under the trim bar: pictures, seconds, cuts, and what is black, frozen or blurred.
import { timecode } from "../timecode.js";

const LABEL_PX = 56;
const TICK_PX = 5;
const STEPS_S = [1, 5, 10, 15, 30, 60, 300, 600, 1800, 3600];
const SVG = "http://www.w3.org/2000/svg";

const stepOf = (px, needed) => STEPS_S.find((step) => step * px >= needed) ?? STEPS_S.at(-1);

function element(name, className) {
  const made = document.createElement(name);
  made.className = className;
  return made;
}

// One picture after the other, each the one nearest to its time; a single one is repeated.
function drawPictures(film, strip) {
  const { width, height } = film.getBoundingClientRect();
  const natural = Math.max((height * strip.width) / strip.height, 8);
  const count = Math.max(1, Math.ceil(width / natural));
  film.replaceChildren(...Array.from({ length: count }, (_, index) => {
    const cell = element("span", "trim-cell");
    const picture = Math.min(Math.floor(((index + 0.5) / count) * strip.count), strip.count - 1);
    cell.style.backgroundImage = `url("${strip.url}")`;
    cell.style.backgroundSize = `${natural * strip.count}px 100%`;
    cell.style.backgroundPosition = `${(width / count - natural) / 2 - picture * natural}px 0`;
    return cell;
  }));
}

function drawRuler(ruler, seconds, width) {
  const px = width / seconds;
  const ticks = document.createElementNS(SVG, "svg");
  const tick = stepOf(px, TICK_PX);
  const label = Math.max(stepOf(px, LABEL_PX), 5);
  for (let at = 0; at <= seconds; at += tick) {
    const line = document.createElementNS(SVG, "rect");
    line.setAttribute("x", `${(100 * at) / seconds}%`);
    line.setAttribute("height", at % label ? "4" : "8");
    ticks.append(line);
  }
  const labels = [];
  for (let at = 0; at <= seconds; at += label) {
    const words = element("span", "trim-label");
    words.textContent = timecode(at).replace(".0", "");
    words.style.left = `${(100 * at) / seconds}%`;
    labels.push(words);
  }
  ruler.replaceChildren(ticks, ...labels);
}

function drawFound(layer, { cuts, ranges }, seconds) {
  const marks = ranges.map(({ kind, start, end }) => {
    const shade = element("span", `trim-range ${kind}`);
    shade.style.left = `${(100 * start) / seconds}%`;
    shade.style.width = `${(100 * (end - start)) / seconds}%`;
    shade.title = kind;
    return shade;
  });
  for (const at of cuts) {
    const tick = element("span", "trim-tick");
    tick.style.left = `${(100 * at) / seconds}%`;
    marks.push(tick);
  }
  layer.replaceChildren(...marks);
}

// Draws it now and whenever it gets another width. What is measured from the frames comes later: `found` is called with it.
export function showFilm(bar, found) {
  const [film, ruler, cuts] = ["film", "ruler", "cuts"].map((name) => bar.querySelector(`[data-${name}]`));
  const seconds = Number(bar.dataset.duration);
  let strip = bar.dataset.poster && { url: bar.dataset.poster, width: Number(bar.dataset.width), height: Number(bar.dataset.height), count: 1 };
  const draw = () => {
    const { width } = film.getBoundingClientRect();
    if (!width) return;
    drawRuler(ruler, seconds, width);
    if (strip) drawPictures(film, strip);
  };
  new ResizeObserver(draw).observe(film);

  let waited = false;
  const ask = async () => {
    if (!bar.isConnected) return;
    const answer = await fetch(bar.dataset.frames);
    if (answer.status === 202) {
      waited = true;
      return void setTimeout(start, 1000 * (Number(answer.headers.get("Retry-After")) || 2));
    }
    if (answer.status !== 200) return;
    const measured = await answer.json();
    if (measured.strip) {
      // Loaded before it is shown: the poster stays until then.
      const picture = new Image();
      picture.src = measured.strip.url;
      await picture.decode();
      strip = measured.strip;
    }
    drawFound(cuts, measured, seconds);
    draw();
    found(measured);
    // The page was there before: what is to be said about it comes with the price.
    if (waited) bar.dispatchEvent(new CustomEvent("scanned", { bubbles: true }));
  };
  // Without it the bar works as it is.
  const start = () => { ask().catch(() => {}); };
  if (bar.dataset.frames) start();
}
