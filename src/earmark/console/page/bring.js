// Imports files: a transcript becomes a recording; audio of the same name is attached to it.

import { ApiError, AwayError, call } from "./api.js";
import { endUserId } from "./account.js";
import { strings } from "./strings.js";
import { sleep } from "./time.js";
import { putFile, putResumably } from "./upload.js";

const words = strings.bring;
const LIMIT_BYTES = 32 << 20;
const TRANSCRIPT_TYPE = "application/octet-stream"; // the server decides by the content
// What the file chooser offers. Any other file can be dropped, and the server says what it is.
const TRANSCRIPTS = ["vtt", "srt", "sbv", "ttml", "dfxp", "xml", "ass", "ssa", "lrc", "csv", "tsv", "txt", "md", "docx", "smi", "json", "jsonl", "json3"];
/** @type {Record<string, string>} */
const AUDIO = { opus: "audio/ogg", ogg: "audio/ogg", oga: "audio/ogg", mp3: "audio/mpeg", m4a: "audio/mp4", mp4: "video/mp4",
  m4v: "video/mp4", mov: "video/quicktime", aac: "audio/aac", wav: "audio/wav", flac: "audio/flac", webm: "video/webm",
  amr: "audio/amr", "3gp": "video/3gpp", mkv: "video/x-matroska", mka: "audio/x-matroska", aif: "audio/aiff", aiff: "audio/aiff",
  caf: "audio/x-caf", wma: "audio/x-ms-wma", wmv: "video/x-ms-asf", avi: "video/x-msvideo" };
/** @type {WeakMap<File, string>} the content types of audio that only the server could recognise */
const recognised = new WeakMap();

const accepted = (/** @type {string[]} */ endings) => endings.map((one) => `.${one}`).join(",");
export const ACCEPTED_TRANSCRIPTS = `${accepted(TRANSCRIPTS)},text/*`;
export const ACCEPTED_AUDIO = `${accepted(Object.keys(AUDIO))},audio/*,video/*`;
const VERIFY_TRIES = 20;
const INSPECT_TRIES = 5;
const HEAD_BYTES = 64 << 10;

/** @typedef {{name?: string, recorded_at?: string, recorded_precision?: string, metadata?: any}} Facts what the transcript says of its recording */
/** @typedef {{stem: string, transcript: File | null, audio: File | null, problem: string | null, facts: Facts}} Bundle */

/** @param {string} name */
const endingOf = (name) => (name.includes(".") ? name.slice(name.lastIndexOf(".") + 1).toLowerCase() : "");

/** @param {string} name */
export const isAudio = (name) => endingOf(name) in AUDIO;

/** @param {File} file */
export const isSound = (file) => isAudio(file.name) || recognised.has(file);

/** @param {string} name */
export const isUnnamed = (name) => !isAudio(name) && !isTranscript(name);

/**
 * Have the server say which files are audio whose names don't: it recognises a recorder's "Voice 001" by its first bytes.
 * @param {Iterable<File>} files
 */
export async function recognise(files) {
  for (const file of files) {
    if (!isUnnamed(file.name)) continue;
    const address = `/transcripts/inspect?file_name=${encodeURIComponent(file.name.slice(0, 255))}`;
    const body = file.slice(0, HEAD_BYTES);
    await call(address, { method: "POST", body, headers: { "Content-Type": TRANSCRIPT_TYPE }, isQuiet: true }).catch((error) => {
      const type = error instanceof ApiError && error.details?.content_type;
      if (type) recognised.set(file, type); // any other refusal is shown when the whole file is looked at
    });
  }
}

/** @param {string} name */
export const isTranscript = (name) => TRANSCRIPTS.includes(endingOf(name));

// What tools append to the names of one recording's files, as `imports/grouping.py` has it.
const APPENDED = /[._ -](?:otter[._]ai|meeting recording|meeting transcript|transcript(?:ion)?|transkript|captions?|subtitles?|cc|audio|audio_only|gallery|speaker|avo|gvo|as|original|recording|\d{3,4}x\d{3,4}|en|de|fr|es|it|pt|nl)$/i;

// The date that Teams and Meet put behind a meeting's name.
const DATED = /(?:-\d{8}_\d{6}(?:UTC)?| \((?:19|20)\d\d[-_/.]\d\d[-_/.]\d\d[^()]{0,24}\))$/;

/** @param {string} name */
function stemOf(name) {
  let stem = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : name;
  for (let shorter = ""; ; stem = shorter) {
    shorter = stem.replace(APPENDED, "").replace(/^[ ._-]+|[ ._-]+$/g, "");
    if (shorter === stem || !shorter) return stem;
  }
}

/**
 * Group files by name: audio goes with the transcript of the same name.
 * @param {Iterable<File>} files
 * @returns {Bundle[]}
 */
export function bundle(files) {
  /** @type {Bundle[]} */ const bundles = [];
  for (const file of files) {
    const kind = isSound(file) ? "audio" : "transcript";
    const stem = stemOf(file.name);
    const problem = kind === "transcript" && file.size > LIMIT_BYTES ? words.tooLarge : null;
    const partner = !problem && bundles.find((one) => one.stem === stem && !one[kind] && !one.problem);
    if (partner) partner[kind] = file;
    else bundles.push({ stem, transcript: null, audio: null, problem, facts: {}, [kind]: file });
  }
  return bundles;
}

/**
 * Ask the server what a file would be imported as; waits while the server is busy.
 * @param {File} file
 * @param {AbortSignal} signal
 * @returns {Promise<any>}
 */
export async function inspect(file, signal) {
  await file.slice(0, 1).arrayBuffer().catch(() => { throw new Error(words.unreadable); }); // a folder, or a file that is gone
  for (let tries = 1; ; tries++) {
    try {
      return await call(`/transcripts/inspect?file_name=${encodeURIComponent(file.name.slice(0, 255))}`, {
        method: "POST", body: file, headers: { "Content-Type": TRANSCRIPT_TYPE }, file: file.name, signal,
      });
    } catch (error) {
      if (!(error instanceof ApiError) || !error.retryAfterS || error.retryAfterS > 60 || tries >= INSPECT_TRIES) throw error;
      await sleep(error.retryAfterS * 1000);
      signal.throwIfAborted();
    }
  }
}

/**
 * The name, date and metadata that an inspected file gives its recording.
 * @param {File} file
 * @param {any} found the inspection
 * @returns {Promise<Facts>}
 */
export async function factsOf(file, found) {
  const { recorded_at, recorded_precision } = found; // with the offset of the place, where the file says it
  const facts = { ...(found.name ? { name: found.name } : {}),
    ...(recorded_at ? { recorded_at, ...(recorded_precision ? { recorded_precision } : {}) } : {}) };
  if (found.format !== "native") return facts;
  try { // the inspection hasn't the metadata
    const { metadata } = JSON.parse(await file.text());
    const isObject = metadata && typeof metadata === "object" && !Array.isArray(metadata);
    return { ...facts, ...(isObject ? { metadata } : {}) };
  } catch {
    return facts; // it is repaired by the server, or not in UTF-8
  }
}

/**
 * Create a recording from a bundle.
 * @param {Bundle} one
 * @param {(step: string, share: number) => void} onstep
 * @returns {Promise<string>} the recording's id
 */
export async function bring(one, onstep) {
  if (one.problem) throw new Error(one.problem);
  onstep(words.creating, 0);
  const file = /** @type {File} */ (one.audio ?? one.transcript); // its name may have the date
  const body = { end_user_id: endUserId(), source: "app_import", name: (one.stem.replace(DATED, "") || one.stem).slice(0, 255), file_name: file.name.slice(0, 255), ...one.facts };
  const recording = await call("/recordings", { method: "POST", body });
  try {
    if (one.transcript) await bringTranscript(recording.id, one.transcript, onstep);
    if (one.audio) await bringAudio(recording.id, one.audio, onstep);
  } catch (error) {
    if (!one.transcript || !one.audio || !(await hasTranscript(recording.id))) {
      await call(`/recordings/${recording.id}`, { method: "DELETE", isQuiet: true }).catch(() => {});
      throw error;
    }
    throw new Error(words.audioFailed(problemOf(error)));
  }
  return recording.id;
}

/** @param {string} id */
async function hasTranscript(id) {
  return (await call(`/recordings/${id}`, { isQuiet: true }).catch(() => null))?.transcription_id != null;
}

/** @param {unknown} error */
export function problemOf(error) {
  if (error instanceof AwayError) return strings.states.away;
  return error instanceof Error ? error.message : String(error);
}

/**
 * Upload a recording's transcript, replacing an existing one.
 * @param {string} id
 * @param {File} file
 * @param {(step: string, share: number) => void} onstep
 */
export async function bringTranscript(id, file, onstep) {
  const onprogress = (/** @type {number} */ share) => onstep(share < 1 ? words.sending : words.indexing, share);
  onstep(words.sending, 0);
  const named = `file_name=${encodeURIComponent(file.name.slice(0, 255))}`;
  await putFile(`/v1/recordings/${id}/transcript?${named}`, file, { headers: { "Content-Type": TRANSCRIPT_TYPE }, onprogress, name: file.name });
}

/**
 * Upload a recording's audio.
 * @param {string} id
 * @param {File} file
 * @param {(step: string, share: number) => void} onstep
 */
export async function bringAudio(id, file, onstep) {
  const { path, headers } = await openUpload(id, recognised.get(file) ?? AUDIO[endingOf(file.name)] ?? file.type, file.size);
  await sendAudio(path, file, { headers, name: file.name, onstep });
  return completeUpload(id, file);
}

/**
 * Send audio to the address of an upload, and say how far it is.
 * @param {string} path
 * @param {Blob} file
 * @param {{headers: Record<string, string>, name: string, onstep: (step: string, share: number) => void, first?: number}} options
 *   `first`: how many bytes the server has
 */
export function sendAudio(path, file, { headers, name, onstep, first }) {
  let last = 0;
  return putResumably(path, file, {
    headers, name, first,
    onprogress: (share) => onstep(words.sendingAudio, (last = share)),
    onwait: () => onstep(words.sendingAgain, last),
  });
}

/**
 * Get the address for a recording's audio.
 * @param {string} id
 * @param {string} type
 * @param {number} [size] in bytes, if it is known
 * @returns {Promise<{path: string, headers: Record<string, string>}>} on our own origin
 */
export async function openUpload(id, type, size) {
  const body = { content_type: type, ...(size === undefined ? {} : { file_size_bytes: size }) };
  const upload = await call(`/recordings/${id}/upload-url`, { method: "POST", body });
  const url = new URL(upload.upload_url, location.origin);
  return { path: url.pathname + url.search, headers: upload.headers ?? { "Content-Type": upload.content_type } };
}

/**
 * Complete an upload of which all has been sent: the server verifies it.
 * @param {string} id
 * @param {Blob | null} file null if it is not here whole
 */
export async function completeUpload(id, file) {
  const digest = file && await digestOf(file);
  for (let tries = 1; ; tries++) {
    try {
      return await call(`/recordings/${id}/upload-complete`, { method: "POST", body: digest ? { content_sha256: digest } : {} });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 425 || tries >= VERIFY_TRIES) throw error;
      await sleep(250 * tries);
    }
  }
}

/** @param {Blob} file @returns {Promise<string | null>} null if the browser can't hash it: without https, or too large */
async function digestOf(file) {
  if (!globalThis.crypto.subtle || file.size > 256 << 20) return null;
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
