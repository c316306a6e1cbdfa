// Transcription of a recording's audio: starts it, and shows its progress with the first lines until it ends.

import { ApiError, AwayError, call } from "./api.js";
import { problemOf } from "./bring.js";
import { fill, h } from "./dom.js";
import { strings } from "./strings.js";
import { atTime, sleep } from "./time.js";

const words = strings.hearing;
const EVERY_MS = 1000;
const LINES_SHOWN = 200;

/** @typedef {{id: string, status: string, progress?: number | null, error_message: string | null, error?: {code: string} | null,
 *   partial_segments?: {start: number, text: string, speaker?: string}[]}} Transcription */

/**
 * Start the transcription of a recording's audio, or join the one that is running.
 * @param {string} recordingId
 * @returns {Promise<Transcription>}
 */
export const transcribe = (recordingId) => call("/transcriptions", { method: "POST", body: { recording_id: recordingId } });

/** @param {Transcription} one */
export const isUnderWay = (one) => one.status === "pending" || one.status === "processing";

/**
 * Wait for the end of a transcription.
 * @param {string} id
 * @param {(now: Transcription) => void} onstep called about every second
 * @param {{signal?: AbortSignal, isPartial?: boolean}} [options] `isPartial`: with the segments there are
 * @returns {Promise<Transcription | null>} null if it is gone
 */
export async function follow(id, onstep, { signal, isPartial = false } = {}) {
  for (;;) {
    try {
      const now = await call(`/transcriptions/${id}${isPartial ? "?include=partial" : ""}`, { isQuiet: true, signal });
      if (!isUnderWay(now)) return now;
      onstep(now);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      if (!(error instanceof AwayError)) throw error;
    }
    await sleep(EVERY_MS);
    signal?.throwIfAborted();
  }
}

/** @param {Transcription} one */
export function stateOf({ status, progress }) {
  return status === "pending" ? words.waiting : words.progress(Math.floor((progress ?? 0) * 100));
}

export class TranscribingPanel extends HTMLElement {
  /** @type {(ended: Transcription | null) => void} */ onend = () => {};
  #stop = new AbortController();

  /** @param {Transcription} transcription */
  constructor(transcription) {
    super();
    this.transcription = transcription;
  }

  connectedCallback() {
    if (this.bar) return;
    this.bar = h("progress", { max: 1, "aria-label": words.label });
    this.state = h("span", {});
    this.cancel = h("button", { type: "button", class: "small", onclick: () => void this.#cancel() }, words.cancel);
    this.lines = h("ol", { class: "partial-lines", "aria-label": words.firstLines, tabindex: "0", hidden: true });
    fill(this, h("div", { class: "transcribing-head" }, this.state, this.bar, this.cancel), this.lines);
    this.#show(this.transcription);
    void this.#follow();
  }

  disconnectedCallback() {
    this.#stop.abort();
  }

  async #follow() {
    try {
      const ended = await follow(this.transcription.id, (now) => this.#show(now), { signal: this.#stop.signal, isPartial: true });
      this.onend(ended);
    } catch (error) {
      if (!this.#stop.signal.aborted) fill(this.state, problemOf(error));
    }
  }

  /** @param {Transcription} now */
  #show(now) {
    fill(this.state, stateOf(now));
    if (now.status === "pending") this.bar.removeAttribute("value");
    else this.bar.value = now.progress ?? 0;
    const segments = (now.partial_segments ?? []).slice(-LINES_SHOWN);
    this.lines.hidden = !segments.length;
    const isAtEnd = this.lines.scrollTop + this.lines.clientHeight >= this.lines.scrollHeight - 8;
    fill(this.lines, segments.map((one) => h("li", {}, h("span", { class: "muted" }, atTime(one.start * 1000)), h("span", {}, one.text))));
    if (isAtEnd) this.lines.scrollTop = this.lines.scrollHeight;
  }

  async #cancel() {
    this.cancel.disabled = true;
    try {
      await call(`/transcriptions/${this.transcription.id}/cancel`, { method: "POST" });
    } catch (error) {
      this.cancel.disabled = false;
      fill(this.state, problemOf(error));
    }
  }
}

customElements.define("transcribing-panel", TranscribingPanel);
