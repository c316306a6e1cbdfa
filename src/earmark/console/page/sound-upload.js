// Uploads a recording while it is being made; what could not be sent meanwhile follows at its end.

import { ApiError, AwayError, call, callIfThere } from "./api.js";
import { completeUpload, openUpload, sendAudio } from "./bring.js";
import { deleteDraft, storeDraft } from "./sound-store.js";
import { arrivedOf, putFile } from "./upload.js";

const PIECES_AT_ONCE = 5;
const PART_MS = 30_000;

/** @typedef {import("./sound-store.js").Draft} Draft */

export class SoundUpload {
  #waiting = new Blob();
  #pieces = 0;
  #sent = 0;
  #isBroken = false;
  /** @type {Promise<void> | null} */ #sending = null;

  /** @param {Draft} draft */
  constructor(draft) {
    this.draft = draft;
    this.requestKey = draft.id;
    this.type = draft.type.split(";")[0];
  }

  /** Send a further piece with those that wait; a failure is made good at the end. @param {Blob} piece */
  add(piece) {
    this.#waiting = new Blob([this.#waiting, piece]);
    this.#pieces++;
    if (this.#sending || this.#isBroken || this.#pieces < PIECES_AT_ONCE) return;
    this.#sending = this.#send().catch((error) => this.#goOnAfter(error)).finally(() => { this.#sending = null; });
  }

  async #send() {
    const url = this.draft.uploadUrl ?? (await this.#open());
    const part = this.#waiting;
    this.#pieces = 0;
    const headers = { "Content-Type": this.type, "Content-Range": `bytes ${this.#sent}-${this.#sent + part.size - 1}/*` };
    await putFile(url, part, { headers, isSigned: true, onprogress: () => {}, name: this.draft.name, timeoutMs: PART_MS });
    this.#skip(part.size);
  }

  /** @param {number} bytes of those that wait, which have arrived */
  #skip(bytes) {
    this.#waiting = this.#waiting.slice(bytes);
    this.#sent += bytes;
  }

  /** Without a connection the next piece tries again, from where the server is. @param {unknown} error */
  #goOnAfter(error) {
    if (error instanceof AwayError) return;
    const arrived = error instanceof ApiError && error.status === 409 ? Number(error.details?.upload_offset) - this.#sent : NaN;
    if (arrived >= 0 && arrived <= this.#waiting.size) this.#skip(arrived);
    else this.#isBroken = true;
  }

  /** Create the recording if there is none, and get an address for its audio. @returns {Promise<string>} */
  async #open() {
    const { draft } = this;
    if (!draft.recordingId) {
      const body = { end_user_id: draft.endUserId, source: "app_import", name: draft.name, recorded_at: draft.startedAt };
      draft.recordingId = (await call("/recordings", { method: "POST", body, headers: { "Idempotency-Key": this.requestKey } })).id;
      await storeDraft(draft).catch(() => {});
    }
    draft.uploadUrl = (await openUpload(/** @type {string} */ (draft.recordingId), this.type)).path;
    await storeDraft(draft).catch(() => {});
    return draft.uploadUrl;
  }

  /**
   * Send what is missing, and complete the recording.
   * @param {Blob} sound all of it
   * @param {(step: string, share: number) => void} onstep
   * @returns {Promise<string>} the recording's id
   */
  async finish(sound, onstep) {
    await this.#sending;
    const { draft } = this;
    if (!(await this.#isComplete())) await this.#complete(sound, onstep);
    const id = /** @type {string} */ (draft.recordingId);
    await deleteDraft(draft.id).catch(() => {});
    if (draft.folderId) await call(`/folders/${draft.folderId}/recordings/${id}`, { method: "PUT" }).catch(() => {}); // it may be gone
    return id;
  }

  /** Whether the server has it already: what says so may have been lost. It may have been deleted there, too. */
  async #isComplete() {
    const { draft } = this;
    if (!draft.recordingId) return false;
    const recording = await callIfThere(`/recordings/${draft.recordingId}`, { isQuiet: true });
    if (recording === null) {
      this.requestKey = crypto.randomUUID(); // which makes another one
      [draft.recordingId, draft.uploadUrl] = [undefined, undefined];
    }
    return Boolean(recording?.media?.length);
  }

  /** @param {Blob} sound @param {(step: string, share: number) => void} onstep */
  async #complete(sound, onstep) {
    const { draft } = this;
    const arrived = draft.uploadUrl ? await arrivedOf(draft.uploadUrl) : null;
    if (arrived !== null && arrived > sound.size) { // this browser could not store all of it
      const headers = { "Content-Type": this.type, "Content-Range": `bytes */${arrived}` };
      await putFile(/** @type {string} */ (draft.uploadUrl), new Blob(), { headers, isSigned: true, onprogress: () => {}, name: draft.name });
      return void await completeUpload(/** @type {string} */ (draft.recordingId), null);
    }
    if (arrived === null) await this.#open();
    const headers = { "Content-Type": this.type };
    await sendAudio(/** @type {string} */ (draft.uploadUrl), sound, { headers, name: draft.name, onstep, first: arrived ?? 0 });
    await completeUpload(/** @type {string} */ (draft.recordingId), sound);
  }

  /** Delete what there is of it, here and on the server; what the server has whole is a recording like others, and stays. */
  async discard() {
    this.#isBroken = true;
    await this.#sending;
    if (this.draft.recordingId && !(await this.#isComplete()) && this.draft.recordingId) {
      await call(`/recordings/${this.draft.recordingId}`, { method: "DELETE", isQuiet: true });
    }
    await deleteDraft(this.draft.id);
  }
}
