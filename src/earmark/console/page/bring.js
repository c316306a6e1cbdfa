// Imports files: a transcript becomes a recording; audio of the same name is attached to it.

import { ApiError, AwayError, call } from "./api.js";
import { endUserId } from "./account.js";
import { strings } from "./strings.js";
import { sleep } from "./time.js";
import { putFile } from "./upload.js";

const words = strings.bring;
const LIMIT_BYTES = 32 << 20;
/** @type {Record<string, string>} */
const TRANSCRIPTS = { vtt: "text/vtt", srt: "application/x-subrip", txt: "text/plain", md: "text/plain", json: "application/json" };
/** @type {Record<string, string>} */
const AUDIO = { opus: "audio/ogg", ogg: "audio/ogg", oga: "audio/ogg", mp3: "audio/mpeg", m4a: "audio/mp4", mp4: "audio/mp4",
  aac: "audio/aac", wav: "audio/wav", flac: "audio/flac", webm: "audio/webm" };

const accepted = (/** @type {Record<string, string>} */ types) => Object.keys(types).map((one) => `.${one}`).join(",");
export const ACCEPTED_TRANSCRIPTS = accepted(TRANSCRIPTS);
export const ACCEPTED_AUDIO = accepted(AUDIO);
const VERIFY_TRIES = 20;

/** @typedef {{stem: string, transcript: File | null, audio: File | null, problem: string | null}} Bundle */

/** @param {string} name */
const endingOf = (name) => name.slice(name.lastIndexOf(".") + 1).toLowerCase();

/** @param {File} file */
export function isAudio(file) {
  return endingOf(file.name) in AUDIO;
}

/** @param {string} name */
const stemOf = (name) => (name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : name);

/**
 * Group files by name, and report the ones that can't be used.
 * @param {Iterable<File>} files
 * @returns {Bundle[]}
 */
export function bundle(files) {
  /** @type {Bundle[]} */ const bundles = [];
  for (const file of files) {
    const ending = endingOf(file.name);
    const kind = ending in TRANSCRIPTS ? "transcript" : ending in AUDIO ? "audio" : null;
    const stem = stemOf(file.name);
    const problem = kind ? (kind === "transcript" && file.size > LIMIT_BYTES ? words.tooLarge : null) : words.unknown;
    const partner = kind && !problem && bundles.find((one) => one.stem === stem && !one[kind] && !one.problem);
    if (partner) partner[kind] = file;
    else bundles.push({ stem: kind ? stem : file.name, transcript: kind === "transcript" ? file : null, audio: kind === "audio" ? file : null, problem });
  }
  return bundles;
}

/** Read name and date from a native JSON file, if it has them. @param {File} file */
async function factsOf(file) {
  if (endingOf(file.name) !== "json") return {};
  try {
    const { name, recorded_at, metadata } = JSON.parse(await file.text());
    const isObject = metadata && typeof metadata === "object" && !Array.isArray(metadata);
    return {
      ...(typeof name === "string" && name ? { name: name.slice(0, 255) } : {}),
      ...(typeof recorded_at === "string" ? { recorded_at } : {}),
      ...(isObject ? { metadata } : {}),
    };
  } catch {
    return {}; // the server reports what is wrong with it
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
  const facts = one.transcript ? await factsOf(one.transcript) : {};
  const body = { end_user_id: endUserId(), source: "app_import", name: one.stem.slice(0, 255), ...facts };
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
  const type = TRANSCRIPTS[endingOf(file.name)];
  if (!type) throw new Error(words.unknown);
  const onprogress = (/** @type {number} */ share) => onstep(share < 1 ? words.sending : words.indexing, share);
  onstep(words.sending, 0);
  await putFile(`/v1/recordings/${id}/transcript`, file, { headers: { "Content-Type": type }, onprogress, name: file.name });
}

/**
 * Upload a recording's audio.
 * @param {string} id
 * @param {File} file
 * @param {(step: string, share: number) => void} onstep
 */
export async function bringAudio(id, file, onstep) {
  const body = { content_type: AUDIO[endingOf(file.name)] ?? file.type, file_size_bytes: file.size };
  const upload = await call(`/recordings/${id}/upload-url`, { method: "POST", body });
  const url = new URL(upload.upload_url, location.origin);
  await putFile(url.pathname + url.search, file, {
    headers: upload.headers ?? { "Content-Type": upload.content_type }, isSigned: true, name: file.name,
    onprogress: (share) => onstep(words.sendingAudio, share),
  });
  const digest = await digestOf(file);
  for (let tries = 1; ; tries++) {
    try {
      return await call(`/recordings/${id}/upload-complete`, { method: "POST", body: digest ? { content_sha256: digest } : {} });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 425 || tries >= VERIFY_TRIES) throw error;
      await sleep(250 * tries);
    }
  }
}

/** @param {File} file @returns {Promise<string | null>} null if the browser can't hash it: without https, or too large */
async function digestOf(file) {
  if (!globalThis.crypto.subtle || file.size > 256 << 20) return null;
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
