// The reader of a recording: timeline, transcript, audio, and a chat's citations.

import { ApiError, call, isAbort, query } from "./api.js";
import { AudioStrip } from "./audio-strip.js";
import { fill, h } from "./dom.js";
import { FindBar } from "./find-bar.js";
import { nameOfRecording, remember } from "./recording-names.js";
import { speakerClasses } from "./speaker-colours.js";
import { isGone, loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { lengthOf, longDate, sleep } from "./time.js";
import { TimelinePicture } from "./timeline-picture.js";
import { TranscriptLines } from "./transcript-lines.js";

const words = strings.reading;

/** @typedef {{start: number, end: number, text: string, speaker?: string}} Segment in seconds */

export class RecordingReader extends HTMLElement {
  /** Whether it is shown in the panel beside a chat. */
  isCompact = false;
  /** @type {number[]} ms */ #citations = [];
  /** @type {string | null} */ recordingId = null;
  /** @type {((recording: any) => Node[]) | null} the page's elements beside the name */ actions = null;
  /** @type {((recording: any) => Node) | null} the page's element if there is no transcript */ invite = null;

  set citations(moments) {
    this.#citations = [...new Set(moments)].sort((a, b) => a - b);
    if (!this.lines) return;
    this.lines.setCitations(this.#citations);
    this.picture?.setCitations(this.#citations);
  }

  get citations() {
    return this.#citations;
  }

  /**
   * @param {string} id
   * @param {number | null} at ms
   */
  async open(id, at) {
    this.recordingId = id;
    fill(this, loading());
    try {
      const recording = await call(`/recordings/${id}`);
      remember(recording);
      this.recording = recording;
      const found = await this.#transcript(recording);
      if (this.recordingId !== id || !this.isConnected) return;
      if (found.segments.length) this.#show(recording, found, at);
      else this.#showNone(recording, found.status, found.error);
    } catch (error) {
      if (isAbort(error) || this.recordingId !== id) return;
      const again = isGone(error) ? undefined : () => void this.open(id, at);
      fill(this, h("div", { class: "reader-note" }, statusLine(isGone(error) ? new Error(words.gone) : /** @type {Error} */ (error), again)));
    }
  }

  /**
   * @param {any} recording
   * @returns {Promise<{segments: Segment[], status: string, error: string | null}>}
   */
  async #transcript(recording) {
    if (recording.transcription_id) {
      const whole = await call(`/transcriptions/${recording.transcription_id}`);
      if (whole.segments.length) return { segments: whole.segments, status: whole.status, error: null };
    }
    const page = await call(`/transcriptions${query({ recording_id: recording.id, limit: 1 })}`, { isQuiet: true })
      .catch((error) => {
        if (error instanceof ApiError && error.status === 403) return { data: [] };
        throw error;
      });
    const last = page.data[0];
    return { segments: [], status: last?.status ?? "none", error: last?.error_message ?? null };
  }

  /** @param {any} recording */
  #head(recording) {
    const facts = [recording.recorded_at && longDate(recording.recorded_at), recording.duration_ms && lengthOf(recording.duration_ms)];
    return h("div", { class: "reader-head" },
      h("div", { class: "reader-title" }, h(this.isCompact ? "h3" : "h1", { tabindex: "-1" }, nameOfRecording(recording)), this.actions?.(recording)),
      h("p", { class: "muted" }, facts.filter(Boolean).join(" · ")));
  }

  /** @param {any} recording @param {string} status @param {string | null} error */
  #showNone(recording, status, error) {
    const isComing = status === "processing" || status === "pending";
    fill(this, this.#head(recording), h("div", { class: "empty" },
      h("h2", {}, words.noTranscript),
      h("p", { class: "muted" }, isComing ? words.processing : status === "failed" ? `${words.failedTranscript} ${error ?? ""}` : words.noTranscriptLead),
      isComing ? null : this.invite?.(recording)));
    if (isComing) void this.#waitFor(recording.id);
  }

  /** @param {string} id */
  async #waitFor(id) {
    await sleep(2000);
    if (this.isConnected && this.recordingId === id) await this.open(id, null);
  }

  /** @param {any} recording @param {{segments: Segment[]}} transcript @param {number | null} at */
  #show(recording, { segments }, at) {
    const colours = speakerClasses(segments);
    const durationMs = Math.max(recording.duration_ms ?? 0, ...segments.slice(-50).map((one) => one.end * 1000));
    this.picture = new TimelinePicture(segments, colours, durationMs);
    this.lines = new TranscriptLines(segments, colours);
    this.audio = new AudioStrip(recording, durationMs);
    const find = new FindBar(this.lines, segments);
    this.lines.onfind = () => find.focus();
    this.lines.onhear = (ms) => this.audio?.playFrom(ms);
    this.lines.ontoggle = () => this.audio?.toggle();
    this.lines.onview = (fromMs, toMs) => this.picture?.setView(fromMs, toMs);
    this.picture.onseek = (ms) => this.goTo(ms, true);
    this.audio.ontime = (ms) => {
      this.lines?.follow(ms);
      this.picture?.setPlayhead(ms);
    };
    fill(this, this.#head(recording), this.picture, h("div", { class: "reader-tools" }, this.audio, find), this.lines,
      this.isCompact ? null : h("p", { class: "reader-keys muted" }, words.keys));
    this.citations = this.#citations;
    if (at !== null) this.goTo(at);
    this.dispatchEvent(new CustomEvent("opened"));
  }

  /**
   * Highlight a moment, scroll to it, and play its audio, if there is any; a seek does not start playing.
   * @param {number} ms
   * @param {boolean} [isSeek] chosen on the timeline
   */
  goTo(ms, isSeek = false) {
    this.lines?.goTo(ms, !isSeek);
    this.picture?.setPlayhead(ms);
    if (isSeek) this.audio?.seek(ms);
    else this.audio?.playFrom(ms);
  }
}

customElements.define("recording-reader", RecordingReader);
