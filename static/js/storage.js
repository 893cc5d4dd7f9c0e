// Storage of the browser, "localStorage" or "sessionStorage": full or forbidden, it costs a convenience, nothing else.

export function load(store, key) {
  try { return window[store].getItem(key); } catch { return null; }
}

export function loadJson(store, key) {
  try { return JSON.parse(load(store, key)); } catch { return null; }
}

// `text` null removes the key.
export function save(store, key, text) {
  try {
    if (text === null) window[store].removeItem(key);
    else window[store].setItem(key, text);
  } catch {
    // Nothing is kept then.
  }
}
