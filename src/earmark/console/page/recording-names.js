// Caches recordings by id, and searches them by name.

import { ApiError, call, query } from "./api.js";
import { accounts, endUserId } from "./account.js";
import { h } from "./dom.js";
import { strings } from "./strings.js";

/** @typedef {{id: string, name: string | null, status: string, duration_ms: number | null, recorded_at: string | null,
 *   recorded_at_local?: string | null, created_at: string, transcription_id: string | null, media: any[]}} Recording */

const WITH_TIME = "include=local_time";
/** @type {Map<string, Promise<Recording | null>>} */
const known = new Map();
accounts.addEventListener("change", () => known.clear());

/** @param {string} id @returns {Promise<Recording | null>} null if it has been deleted */
export function recordingOf(id) {
  const found = known.get(id);
  if (found) return found;
  const asked = call(`/recordings/${id}?${WITH_TIME}`, { isQuiet: true }).catch((error) => {
    if (error instanceof ApiError && error.status === 404) return null;
    known.delete(id);
    throw error;
  });
  known.set(id, asked);
  return asked;
}

/** Read a recording anew. @param {string} id @returns {Promise<Recording>} */
export async function fetchRecording(id) {
  const recording = await call(`/recordings/${id}?${WITH_TIME}`);
  remember(recording);
  return recording;
}

/** @param {Recording} recording */
export const remember = (recording) => known.set(recording.id, Promise.resolve(recording));

/** @param {string} id */
export const forget = (id) => known.delete(id);

/** @param {Recording | null} recording */
export const nameOfRecording = (recording) =>
  recording === null ? strings.scope.gone : recording.name ?? strings.scope.unnamed;

/** An element that shows the recording's name once it has loaded. @param {string} id @param {string} [before] */
export function nameElement(id, before = "…") {
  const element = h("span", { class: "recording-name" }, before);
  recordingOf(id).then((recording) => { element.textContent = nameOfRecording(recording); }, () => {});
  return element;
}

/** @param {{folder?: string | null, cursor?: string | null, limit?: number, isQuiet?: boolean} & Record<string, any>} options others narrow or order the list */
export async function listRecordings({ folder, cursor, limit = 100, isQuiet, ...asked_ }) {
  const asked = { limit, end_user_id: endUserId(), folder_id: folder, cursor, include: "local_time", ...asked_ };
  const page = await call(`/recordings${query(asked)}`, { isQuiet });
  page.data.forEach(remember);
  return page;
}

/**
 * A select element for one recording, filled on first use.
 * @param {string} label
 * @param {(id: string) => void} onchoose
 */
export function recordingPicker(label, onchoose) {
  const select = h("select", { "aria-label": label, onchange: () => onchoose(select.value) },
    h("option", { value: "" }, strings.sessions.any));
  const load = async () => {
    const page = await listRecordings({ isQuiet: true });
    const chosen = select.value;
    select.append(...page.data.map((/** @type {Recording} */ one) => h("option", { value: one.id }, nameOfRecording(one))));
    select.value = chosen;
  };
  select.addEventListener("focus", () => void load(), { once: true });
  return select;
}
