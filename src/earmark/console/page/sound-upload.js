// Uploads a recording while it is being made; what could not be sent meanwhile follows at its end.

import { AwayError, call } from "./api.js";
import { completeUpload, openUpload } from "./bring.js";
import { dropTake, keepTake } from "./sound-store.js";
import { strings } from "./strings.js";
import { arrivedOf, putFile, putResumably } from "./upload.js";

const words = strings.bring;
const PIECES_AT_ONCE = 5;

/** @typedef {import("./sound-store.js").Take} Take */

export class SoundUpload {
  /** @type {Blob[]} */ #waiting = [];
  #sent = 0;
  #isBroken = false;
  /** @type {Promise<void> | null} */ #sending = null;

  /** @param {Take} take */
  constructor(take) {
    this.take = take;
    this.type = take.type.split(";")[0];
  }

  /** Send a further piece with those that wait; a failure is made good at the end. @param {Blob} piece stored already */
  add(piece) {
    this.#waiting.push(piece);
    if (this.#sending || this.#isBroken || this.#waiting.length < PIECES_AT_ONCE) return;
    this.#sending = this.#send().catch((error) => { this.#isBroken = !(error instanceof AwayError); })
      .finally(() => { this.#sending = null; });
  }

  async #send() {
    const url = this.take.uploadUrl ?? (await this.#open());
    const pieces = [...this.#waiting];
    const blob = new Blob(pieces);
    const range = `bytes ${this.#sent}-${this.#sent + blob.size - 1}/*`;
    const headers = { "Content-Type": this.type, "Content-Range": range };
    await putFile(url, blob, { headers, isSigned: true, onprogress: () => {}, name: this.take.name });
    this.#waiting.splice(0, pieces.length);
    this.#sent += blob.size;
  }

  /** Create the recording if there is none, and get an address for its audio. @returns {Promise<string>} */
  async #open() {
    const { take } = this;
    if (!take.recordingId) {
      const body = { end_user_id: take.endUserId, source: "app_import", name: take.name, recorded_at: take.startedAt };
      take.recordingId = (await call("/recordings", { method: "POST", body })).id;
    }
    take.uploadUrl = (await openUpload(/** @type {string} */ (take.recordingId), this.type)).path;
    await keepTake(take).catch(() => {});
    return take.uploadUrl;
  }

  /**
   * Send what is missing, and complete the recording.
   * @param {Blob} sound all of it
   * @param {(step: string, share: number) => void} onstep
   * @returns {Promise<string>} the recording's id
   */
  async finish(sound, onstep) {
    await this.#sending;
    const { take } = this;
    const arrived = take.uploadUrl ? await arrivedOf(take.uploadUrl) : null;
    if (arrived !== null && arrived <= sound.size) await this.#put(sound, arrived, onstep);
    else {
      await this.#open();
      await this.#put(sound, 0, onstep);
    }
    const id = /** @type {string} */ (take.recordingId);
    await completeUpload(id, sound);
    if (take.folderId) await call(`/folders/${take.folderId}/recordings/${id}`, { method: "PUT" }).catch(() => {}); // it may be gone
    await dropTake(take.id).catch(() => {});
    return id;
  }

  /** @param {Blob} sound @param {number} first @param {(step: string, share: number) => void} onstep */
  #put(sound, first, onstep) {
    let last = 0;
    return putResumably(/** @type {string} */ (this.take.uploadUrl), sound, {
      first, headers: { "Content-Type": this.type }, name: this.take.name,
      onprogress: (share) => onstep(words.sendingAudio, (last = share)),
      onwait: () => onstep(words.sendingAgain, last),
    });
  }

  /** Delete what there is of it, here and on the server. */
  async discard() {
    this.#isBroken = true;
    await this.#sending;
    if (this.take.recordingId) await call(`/recordings/${this.take.recordingId}`, { method: "DELETE", isQuiet: true }).catch(() => {});
    await dropTake(this.take.id).catch(() => {});
  }
}
