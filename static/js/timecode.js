// Timecodes: positions in a video in seconds, written as m:ss.t.

export function timecode(seconds) {
  // Rounded down, as a player's clock is; the small share is what binary fractions lose.
  const tenths = Math.floor(seconds * 10 + 1e-6);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
}

// Seconds of "1:05.3", "5,3" or "5.3s"; null for anything else.
export function parseTimecode(text) {
  const found = /^(?:(\d+):)?(\d+(?:[.,]\d+)?)s?$/.exec(text.trim());
  return found ? Number(found[1] ?? 0) * 60 + Number(found[2].replace(",", ".")) : null;
}
