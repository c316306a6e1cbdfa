// Says how many recordings have no summary, and has them summarised one after the other.

import { endUserId } from "./account.js";
import { ApiError, call, isAbort, newRequestKey } from "./api.js";
import { problemOf } from "./bring.js";
import { fill, h } from "./dom.js";
import { speak } from "./spoken.js";
import { strings } from "./strings.js";
import { sleep } from "./time.js";
import { every } from "./whole-list.js";

const words = strings.decisions.missing;
const EVERY_MS = 500;
const USUAL = "tmpl_general_notes";

export class MissingSummaries extends HTMLElement {
  /** @type {() => void} called after summaries were written */ onwritten = () => {};
  /** @type {string[]} ids of transcriptions */ #missing = [];
  /** @type {AbortController | null} */ #running = null;

  disconnectedCallback() {
    this.#running?.abort();
  }

  /** Look which recordings have no summary, unless they are being written. */
  async load() {
    if (this.#running) return;
    try {
      const [recordings, summaries] = await Promise.all([every("/recordings", { end_user_id: endUserId() }), every("/summaries")]);
      const done = new Set(summaries.filter((one) => one.status === "completed").map((one) => one.transcription_id));
      this.#missing = recordings.map((one) => one.transcription_id).filter((id) => id && !done.has(id));
      this.#offer();
    } catch {
      fill(this); // the list below says what is wrong
    }
  }

  /** @param {string} [problem] why some were not written */
  #offer(problem) {
    const count = this.#missing.length;
    const start = h("button", { type: "button", onclick: () => void this.#write() }, words.write(count));
    fill(this, count ? h("p", {}, words.count(count)) : null, count ? start : null, problem ? h("p", { role: "alert" }, problem) : null);
  }

  async #write() {
    const running = this.#running = new AbortController();
    const wanted = [...this.#missing];
    const bar = h("progress", { max: wanted.length, value: 0, "aria-label": words.writing(0, wanted.length) });
    const said = h("p", { role: "status" });
    const stop = h("button", { type: "button", onclick: () => running.abort() }, words.stop);
    fill(this, said, bar, stop);
    stop.focus();
    let problem = "";
    for (const [at, id] of wanted.entries()) {
      fill(said, words.writing(at, wanted.length));
      bar.value = at;
      try {
        const failed = await summarise(id, running.signal);
        if (failed) problem = failed;
        else this.#missing = this.#missing.filter((one) => one !== id);
      } catch (error) {
        if (!isAbort(error)) problem = problemOf(error);
        break;
      }
    }
    this.#running = null;
    if (!this.isConnected) return;
    const written = wanted.length - this.#missing.length;
    this.#offer(problem);
    speak(words.written(written));
    if (written) this.onwritten();
  }
}

/**
 * Have a transcript summarised and wait for it; the server's limit a minute is waited for, too.
 * @param {string} transcription
 * @param {AbortSignal} signal
 * @returns {Promise<string | null>} why it failed
 */
async function summarise(transcription, signal) {
  const body = { transcription_id: transcription, template_id: USUAL };
  for (const headers = { "Idempotency-Key": newRequestKey() }; ;) {
    try {
      let one = await call("/summaries", { method: "POST", body, headers, signal });
      while (one.status === "pending" || one.status === "processing") {
        await sleep(EVERY_MS);
        one = await call(`/summaries/${one.id}`, { isQuiet: true, signal });
      }
      return one.status === "completed" ? null : one.error_message ?? words.failed;
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 429)) throw error;
      await sleep(Math.max(1, error.retryAfterS) * 1000);
      signal.throwIfAborted();
    }
  }
}

customElements.define("missing-summaries", MissingSummaries);
