// Correcting a transcript: names of speakers, here or in all recordings, and words; each with undo.

import { ApiError, call } from "./api.js";
import { askSpeaker } from "./ask-speaker.js";
import { renameEverywhere, undoRenames } from "./renaming.js";
import { strings } from "./strings.js";
import { say } from "./undo.js";

const words = strings.correcting;
const UNDO_MS = 10_000;
const MOST = 500;

/** @typedef {import("./recording-reader.js").Segment} Segment */
/** @typedef {{id: string, recording_id: string, revision: number, segments: Segment[], machine_labels?: string[]}} Transcript */

export class Corrections {
  #isBusy = false;

  /**
   * @param {Transcript} transcript
   * @param {string} endUserId
   * @param {(transcript: Transcript) => void} show called with the corrected transcript
   * @param {() => void} reload called when somebody else has corrected it
   */
  constructor(transcript, endUserId, show, reload) {
    this.transcript = transcript;
    this.endUserId = endUserId;
    this.show = show;
    this.reload = reload;
  }

  /** Ask for a speaker's new name, and rename it. @param {string} name */
  async rename(name) {
    const names = new Set(this.transcript.segments.map((one) => one.speaker ?? ""));
    names.delete(name);
    names.delete("");
    const asked = await askSpeaker(name, [...names], this.transcript.machine_labels?.includes(name) ?? false);
    if (!asked || asked.name === name) return;
    if (asked.isEverywhere) return void (await this.#renameEverywhere(name, asked.name));
    const isMerge = names.has(asked.name);
    await this.#change({ speakers: { [name]: asked.name } }, (isMerge ? words.merged : words.renamed)(name, asked.name));
  }

  /** @param {number} index @param {string} text @param {boolean} isUnclear */
  async edit(index, text, isUnclear) {
    if (!text.trim()) return void say(words.emptyText);
    const now = this.transcript.segments[index];
    const isSame = text.trim() === now.text;
    const isMarked = isUnclear !== Boolean(now.is_unclear);
    if (isSame && !isMarked) return;
    const changes = { index, ...(isSame ? {} : { text }), ...(isMarked ? { is_unclear: isUnclear } : {}) };
    await this.#change({ segments: [changes] }, !isSame ? words.edited : isUnclear ? words.marked : words.unmarked);
  }

  /** Give a segment the text that it came with. @param {number} index @param {string} text */
  async restore(index, text) {
    await this.#change({ segments: [{ index, text }] }, words.restored);
  }

  /** @param {Record<string, any>} changes @param {string} said */
  async #change(changes, said) {
    const before = this.transcript.segments;
    if (!(await this.#send(changes))) return;
    const back = undoing(before, this.transcript.segments);
    const undo = back.length && back.length <= MOST ? { label: strings.sessions.undo, run: () => void this.#undo(back) } : undefined;
    say(said, undo, UNDO_MS);
  }

  /** @param {any[]} back */
  async #undo(back) {
    if (await this.#send({ segments: back })) say(words.undone);
  }

  /** @param {Record<string, any>} changes @returns {Promise<boolean>} whether it was corrected */
  async #send(changes) {
    return this.#run(async () => {
      const body = { revision: this.transcript.revision, ...changes };
      this.transcript = await call(`/transcriptions/${this.transcript.id}`, { method: "PATCH", body });
      this.show(this.transcript);
    });
  }

  /** @param {string} name @param {string} newName */
  async #renameEverywhere(name, newName) {
    /** @type {import("./renaming.js").Renamed[]} */ const renamed = [];
    const isDone = await this.#run(async () => {
      await renameEverywhere(this.endUserId, name, newName, renamed);
      await this.#read();
    });
    if (!isDone && !renamed.length) return; // what failed in between has left some renamed
    const undo = { label: strings.sessions.undo, run: () => void this.#undoEverywhere(name, newName, renamed) };
    say(words.renamedEverywhere(name, newName, renamed.length), renamed.length ? undo : undefined, UNDO_MS);
  }

  /** @param {string} name @param {string} newName @param {import("./renaming.js").Renamed[]} renamed */
  async #undoEverywhere(name, newName, renamed) {
    let count = 0;
    const isDone = await this.#run(async () => {
      count = await undoRenames(name, newName, renamed);
      await this.#read();
    });
    if (isDone) say(count === renamed.length ? words.undone : words.undoneSome(count, renamed.length), undefined, UNDO_MS);
  }

  async #read() {
    this.transcript = await call(`/transcriptions/${this.transcript.id}`, { isQuiet: true });
    this.show(this.transcript);
  }

  /** Run one correction at a time. @param {() => Promise<void>} work */
  async #run(work) {
    if (this.#isBusy) return false;
    this.#isBusy = true;
    try {
      await work();
      return true;
    } catch (error) {
      const isStale = error instanceof ApiError && (error.status === 409 || error.status === 404);
      say(isStale ? words.stale : /** @type {Error} */ (error).message, undefined, UNDO_MS);
      if (isStale) this.reload();
      return false;
    } finally {
      this.#isBusy = false;
    }
  }
}

/**
 * Return what restores each segment that differs.
 * @param {Segment[]} before
 * @param {Segment[]} after
 */
function undoing(before, after) {
  return before.flatMap((old, index) => {
    const now = after[index];
    const back = {
      ...(old.text === now.text ? {} : { text: old.text }),
      ...(old.speaker === now.speaker ? {} : { speaker: old.speaker ?? null }),
      ...(old.is_unclear === now.is_unclear ? {} : { is_unclear: Boolean(old.is_unclear) }),
    };
    return Object.keys(back).length ? [{ index, ...back }] : [];
  });
}
