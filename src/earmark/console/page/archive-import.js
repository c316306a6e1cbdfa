// Imports the zip archive that a service exports: the server unpacks it, and says what became of each file.

import { ApiError, call } from "./api.js";
import { endUserId } from "./account.js";
import { isTranscript } from "./bring.js";
import { h } from "./dom.js";
import { strings } from "./strings.js";
import { sleep } from "./time.js";
import { transcribe } from "./transcribing.js";
import { putFile } from "./upload.js";

const words = strings.archive;
const FIRST_LOOK_MS = 300;
const LONGEST_WAIT_MS = 3000;
const FAILURES_SHOWN = 50;
const HEAR_TRIES = 5;

/** @typedef {{file: string, status: "imported" | "skipped" | "failed", recording_id?: string | null, error?: string}} Part */

/** @param {File} file */
export const isArchive = (file) => /\.zip$/i.test(file.name);

/**
 * Start the transcription of audio that was imported without a transcript, one after another.
 * @param {Part[]} parts
 */
export async function hearImported(parts) {
  const heard = parts.filter((one) => one.status === "imported" && one.recording_id && !isTranscript(one.file.replace(/#\d+$/, "")));
  for (const { recording_id: id } of heard) {
    for (let tries = 0; tries < HEAR_TRIES; tries++) {
      try {
        await transcribe(/** @type {string} */ (id));
        break;
      } catch (error) {
        if (!(error instanceof ApiError) || !error.retryAfterS) break; // its page offers it again
        await sleep(error.retryAfterS * 1000);
      }
    }
  }
}

/**
 * Upload an archive and wait until everything in it is imported.
 * @param {File} file
 * @param {(step: string, share: number) => void} onstep
 * @returns {Promise<Part[]>} what became of each file
 */
export async function importArchive(file, onstep) {
  const body = { end_user_id: endUserId(), file_name: file.name.slice(0, 255), file_size_bytes: file.size };
  const begun = await call("/imports", { method: "POST", body });
  const url = new URL(begun.upload_url, location.origin);
  await putFile(url.pathname + url.search, file, {
    headers: { "Content-Type": "application/octet-stream" }, isSigned: true, name: file.name,
    onprogress: (share) => onstep(words.sending, share),
  });
  for (let wait = FIRST_LOOK_MS; ; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
    const now = await call(`/imports/${begun.id}`, { isQuiet: true });
    if (now.status === "failed") throw new Error(now.error ?? words.failed);
    if (now.status === "completed") return now.files;
    onstep(words.under_way(now.files_total), now.progress);
    await sleep(wait);
  }
}

/** @param {Part[]} parts */
export function archiveResult(parts) {
  const count = (/** @type {string} */ status) => parts.filter((one) => one.status === status).length;
  const failures = parts.filter((one) => one.status === "failed");
  const text = words.result(count("imported"), count("skipped"), failures.length);
  if (!failures.length) return h("span", {}, text);
  return h("details", { class: "notes" }, h("summary", {}, text),
    h("ul", {}, failures.slice(0, FAILURES_SHOWN).map((one) => h("li", {}, h("strong", {}, one.file), " ", one.error ?? words.failed))));
}
