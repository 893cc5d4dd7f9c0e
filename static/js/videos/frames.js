// Frames of a video: when each begins, what an editor calls it, and where to seek so that it is the one on the screen.
// `text` is the file's own account of them (media/timing/frame_times.py); without it they are `fps` a second.
import { parseTimecode, timecode } from "../timecode.js";

// A time with three decimals can be this much before the frame that it means.
const SLACK_S = 0.001;

function startsOf(text) {
  const [rate, scale, first, ...runs] = text.split(" ");
  const starts = [Number(first)];
  for (const run of runs) {
    const [gap, count = 1] = run.split("x").map(Number);
    for (let each = 0; each < count; each += 1) starts.push(starts.at(-1) + gap);
  }
  const [over, under = 1] = rate.split("/").map(Number);
  return { rate: over / under, starts: starts.map((start) => start / Number(scale)) };
}

// The last of `starts` that is not after `seconds`.
function lastBefore(starts, seconds) {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= seconds) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

const two = (number) => String(number).padStart(2, "0");

// SMPTE ST 12-1: dropping skips numbers, not frames: 2 (of 60: 4) each minute, but for every tenth.
function smpte(frame, nominal, drop) {
  let number = frame;
  if (drop) {
    const skipped = nominal / 15;
    const [minute, ten] = [nominal * 60 - skipped, nominal * 600 - 9 * skipped];
    const left = frame % ten;
    number += 9 * skipped * Math.floor(frame / ten) + (left < skipped ? 0 : skipped * Math.floor((left - skipped) / minute));
  }
  const seconds = Math.floor(number / nominal);
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
  return `${clock}${drop ? ";" : ":"}${two(number % nominal)}`;
}

export function framesOf(text, fps) {
  const { rate, starts } = text ? startsOf(text) : { rate: 0, starts: null };
  const nominal = Math.max(1, Math.round(rate));
  const drop = [30, 60].some((whole) => Math.abs(rate - (whole * 1000) / 1001) < 1e-6);
  const last = starts ? starts.length - 1 : Infinity;
  const gap = starts?.length > 1 ? starts[last] - starts[last - 1] : 1 / fps;
  const start = (frame) => {
    if (!starts) return frame / fps;
    return frame <= last ? starts[frame] : starts[last] + gap * (frame - last);
  };
  const at = (seconds) => (starts ? lastBefore(starts, seconds + SLACK_S) : Math.max(0, Math.floor((seconds + SLACK_S) * fps)));
  // A frame by its number; where the rate varies frames have no names, and the time is shown instead.
  const name = (frame) => {
    if (starts && rate) return smpte(frame, nominal, drop);
    const seconds = start(frame);
    if (!starts) return timecode(seconds);
    const thousandths = Math.round(seconds * 1000);
    return `${Math.floor(thousandths / 60_000)}:${two(Math.floor(thousandths / 1000) % 60)}.${String(thousandths % 1000).padStart(3, "0")}`;
  };
  // Seconds of what `name` gave, or of what people type; null for anything else.
  const parse = (typed) => {
    const found = /^(\d+):(\d\d):(\d\d)[:;.,](\d\d)$/.exec(typed.trim());
    if (!found) return parseTimecode(typed);
    const [hours, minutes, seconds, part] = found.slice(1).map(Number);
    const all = hours * 60 + minutes;
    const number = (all * 60 + seconds) * nominal + part;
    return rate ? start(number - (drop ? (nominal / 15) * (all - Math.floor(all / 10)) : 0)) : null;
  };
  return {
    last, at, start, name, parse,
    middle: (frame) => start(frame) + (start(frame + 1) - start(frame)) / 2,
    code: (seconds) => name(at(seconds)),
  };
}

// Those of the page's player, for what speaks of its frames.
export function framesOfPage() {
  const player = document.querySelector("[data-plays]");
  return framesOf(player?.dataset.frames, Number(player?.dataset.fps) || 30);
}
