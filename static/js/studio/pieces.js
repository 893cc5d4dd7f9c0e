// Files in pieces, by the tus protocol: known ones are not sent, a break costs at most a piece, and pieces become smaller
// where the way to the studio takes no larger ones. What this needs is loaded with the first file.
import { isOurs } from "../ui/answers.js";

const MB = 1024 * 1024;
const LARGEST = 8 * MB;
const SMALLEST = MB / 4;
// With progress in between it starts over: so long nothing at all got through.
const RETRY_MS = [200, 200, 200, 200, 500, 1000, 2000, 4000, 8000, 8000];
// The studio keeps what has arrived for a day.
const KEPT_MS = 24 * 60 * 60 * 1000;
const form = document.querySelector("form[data-parts]");
const { parts, known, person, tus, sha256 } = form?.dataset ?? {};
const team = form?.elements.namedItem("team").value;
const STORED = `tus::wanstudio-${person}-${team}-`;

// Of this page: what the last way took.
let pieceSize = LARGEST;
const loading = {};

const headers = () => ({ "HX-Request": "true", "X-CSRFToken": form.elements.namedItem("csrfmiddlewaretoken").value });

function load(address) {
  loading[address] ??= new Promise((done, fail) => {
    const script = Object.assign(document.createElement("script"), { src: address });
    script.addEventListener("load", done);
    script.addEventListener("error", () => {
      delete loading[address];
      fail(new Error("the library did not come"));
    });
    document.head.append(script);
  });
  return loading[address];
}

// SHA-256, read in parts so small that the page never freezes: WebCrypto takes whole files only, and the policy that
// static files have lets no worker load a library.
async function hashOf(file, onShare, signal) {
  await load(sha256);
  const hash = window.sha256.create();
  for (let at = 0; at < file.size && !signal.aborted; at += MB / 2) {
    hash.update(await file.slice(at, at + MB / 2).arrayBuffer());
    onShare(at / file.size);
  }
  return hash.hex();
}

// What the team has of it: `same`, its id; `maybe`, something of the same size. Unanswered, the file is sent.
async function ask(fields, signal) {
  const body = new FormData();
  for (const [name, value] of Object.entries({ team, ...fields })) body.set(name, value);
  try {
    const answer = await fetch(known, { method: "POST", headers: headers(), body, signal });
    return answer.ok ? await answer.json() : {};
  } catch {
    return {};
  }
}

async function findSame(file, kind, onHash, signal) {
  if (!(await ask({ kind, size: file.size }, signal)).maybe) return null;
  return (await ask({ kind, sha256: await hashOf(file, onHash, signal) }, signal)).same;
}

// Whether the same request can succeed, perhaps with smaller pieces.
function isWorthIt(error, progress) {
  const xhr = error.originalRequest?.getUnderlyingObject();
  if (!xhr) return false;
  const { status } = xhr;
  if (status === 0 || (status === 413 && !isOurs(xhr))) {
    const isStuck = progress.here === progress.before;
    progress.before = progress.here;
    if (status === 413 && pieceSize <= SMALLEST) return false;
    if (status === 413 || isStuck) pieceSize = Math.max(SMALLEST, pieceSize / 2);
    return true;
  }
  return status >= 500 || (isOurs(xhr) && [409, 423].includes(status));
}

function uploadOf(file, kind, on) {
  const progress = { here: null, before: undefined };
  const upload = new window.tus.Upload(file, {
    endpoint: parts,
    chunkSize: pieceSize,
    retryDelays: RETRY_MS,
    metadata: { filename: file.name, filetype: file.type, kind, team, person },
    fingerprint: async () => `${STORED.slice(5)}${[kind, file.name, file.size, file.lastModified].join("-")}`,
    removeFingerprintOnSuccess: true,
    onBeforeRequest(request) {
      for (const [name, value] of Object.entries(headers())) request.setHeader(name, value);
    },
    onAfterResponse(request, response) {
      const offset = response.getHeader("Upload-Offset");
      if (offset !== undefined && offset !== null) progress.here = Number(offset);
      // The library begins again wherever it cannot learn how far it is. Only what is gone is begun again.
      const isKnown = isOurs(response.getUnderlyingObject()) && [200, 404, 410, 423].includes(response.getStatus());
      if (request.getMethod() === "HEAD" && !isKnown) throw new Error("how far it is was not said");
    },
    onShouldRetry(error) {
      const again = isWorthIt(error, progress);
      upload.options.chunkSize = pieceSize;
      return again;
    },
    onChunkComplete() { upload.options.chunkSize = pieceSize; },
    onProgress: on.progress,
    onSuccess: () => on.arrived(upload.url),
    onError: (error) => on.failed(error.originalRequest?.getUnderlyingObject() ?? null, upload.url),
  });
  return upload;
}

// Sends the file. `on`: hashing(share), progress(sent, total), same(id), arrived(url), failed(xhr, url).
// Returns how to stop it, so that nothing of it stays.
export function sendInPieces(file, kind, on) {
  const stopping = new AbortController();
  const { signal } = stopping;
  let upload;
  (async () => {
    await load(tus);
    upload = uploadOf(file, kind, on);
    const [before] = await upload.findPreviousUploads();
    if (before) {
      upload.resumeFromPreviousUpload(before);
    } else {
      const same = await findSame(file, kind, on.hashing, signal);
      if (signal.aborted) return;
      if (same) return on.same(same);
    }
    if (!signal.aborted) upload.start();
  })().catch(() => { if (!signal.aborted) on.failed(null, null); });
  return () => {
    stopping.abort();
    // Offline, what has arrived is deleted by the studio after a day.
    upload?.abort(true).catch(() => {});
  };
}

export function forget(url) {
  for (const [key, entry] of stored()) if (entry.uploadUrl === url) localStorage.removeItem(key);
}

function stored() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(STORED)).map((key) => [key, JSON.parse(localStorage.getItem(key))]);
  } catch {
    return [];
  }
}

// The name of a file of this kind that this person has begun to send here and not finished.
export function unfinished(kind) {
  const young = stored().filter(([, entry]) => Date.now() - Date.parse(entry.creationTime) < KEPT_MS);
  return young.find(([, entry]) => entry.metadata.kind === kind)?.[1].metadata.filename;
}
