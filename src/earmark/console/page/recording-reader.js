// The reader of a recording: timeline, transcript, audio, and a chat's citations.

import { ApiError, call, isAbort, query } from "./api.js";
import { AudioStrip } from "./audio-strip.js";
import { Corrections } from "./correcting.js";
import { fill, h } from "./dom.js";
import { FindBar } from "./find-bar.js";
import { noteList } from "./import-notes.js";
import { MomentTools, pressInReader } from "./moment-tools.js";
import { changeDate, dayElement } from "./recording-date.js";
import { fetchRecording, nameOfRecording } from "./recording-names.js";
import { ReaderTabs } from "./reader-tabs.js";
import { speakerClasses } from "./speaker-colours.js";
import { isGone, loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { lengthOf, sleep } from "./time.js";
import { say } from "./undo.js";
import { TimelinePicture } from "./timeline-picture.js";
import { TranscribingPanel, isUnderWay, transcribe } from "./transcribing.js";
import { TranscriptLines } from "./transcript-lines.js";

const words = strings.reading;

/** @typedef {{start: number, end: number, text: string, speaker?: string, is_unclear?: true}} Segment in seconds */
/** @typedef {import("./import-notes.js").Note} Note */
/** @typedef {import("./transcribing.js").Transcription} Transcription */

export class RecordingReader extends HTMLElement {
  /** Whether it is shown in the panel beside a chat. */
  isCompact = false;
  /** @type {number[]} ms */ #citations = [];
  /** @type {string | null} */ recordingId = null;
  /** @type {Corrections | null} of the transcript that is shown */ corrections = null;
  /** @type {((recording: any) => Node[]) | null} the page's elements beside the name */ actions = null;
  /** @type {((recording: any) => Node) | null} the page's element if there is no transcript */ invite = null;

  connectedCallback() {
    document.addEventListener("keydown", this.#pressed);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.#pressed);
  }

  #pressed = (/** @type {KeyboardEvent} */ event) => pressInReader(this, event);

  /** The segment that is marked, if one is. */
  get marked() {
    return this.lines?.segments[this.lines.marked];
  }

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
    this.corrections = null;
    fill(this, loading());
    try {
      const recording = await fetchRecording(id);
      this.recording = recording;
      const found = await this.#transcript(recording);
      if (this.recordingId !== id || !this.isConnected) return;
      if (found.segments.length) this.#show(recording, found, at);
      else this.#showNone(recording, found.last);
    } catch (error) {
      if (isAbort(error) || this.recordingId !== id) return;
      const again = isGone(error) ? undefined : () => void this.open(id, at);
      fill(this, h("div", { class: "reader-note" }, statusLine(isGone(error) ? new Error(this.isCompact ? words.deleted : words.gone) : /** @type {Error} */ (error), again)));
    }
  }

  /**
   * @param {any} recording
   * @returns {Promise<{segments: Segment[], last?: Transcription, warnings?: Note[], warnings_total?: number}>} `last`: the
   *   newest transcription, if none has words
   */
  async #transcript(recording) {
    if (recording.transcription_id) {
      const whole = await call(`/transcriptions/${recording.transcription_id}`);
      if (whole.segments.length) return whole;
    }
    const page = await call(`/transcriptions${query({ recording_id: recording.id, limit: 1 })}`, { isQuiet: true })
      .catch((error) => {
        if (error instanceof ApiError && error.status === 403) return { data: [] };
        throw error;
      });
    return { segments: [], last: page.data[0] };
  }

  /** @param {any} recording */
  #head(recording) {
    const change = this.isCompact ? null : h("button", { type: "button", class: "quiet small", onclick: () => void this.#redate(recording) }, strings.dates.change);
    return h("div", { class: "reader-head" },
      h("div", { class: "reader-title" }, h(this.isCompact ? "h3" : "h1", { tabindex: "-1" }, nameOfRecording(recording)), this.actions?.(recording)),
      h("p", { class: "muted reader-facts" }, dayElement(recording), recording.duration_ms ? ` · ${lengthOf(recording.duration_ms)}` : null, change));
  }

  /** @param {any} recording */
  async #redate(recording) {
    const now = await changeDate(recording);
    if (!now || this.recordingId !== now.id) return;
    Object.assign(recording, now);
    this.querySelector(".reader-facts > :first-child")?.replaceWith(dayElement(now));
  }

  /** @param {any} recording @param {Transcription | undefined} last */
  #showNone(recording, last) {
    const hasAudio = recording.media?.length > 0;
    this.audio = hasAudio ? new AudioStrip(recording, recording.duration_ms ?? 0) : undefined;
    const tools = hasAudio ? h("div", { class: "reader-tools" }, this.audio) : null;
    const body = last && isUnderWay(last) ? this.#coming(recording, last) : this.#invitation(recording, last, hasAudio);
    fill(this, this.#head(recording), tools, body);
    this.dispatchEvent(new CustomEvent("opened"));
  }

  /** @param {any} recording @param {Transcription} last a transcription that is under way */
  #coming(recording, last) {
    if (recording.media?.length) return this.#panel(last);
    void this.#waitFor(recording.id); // an imported transcript is being indexed
    return h("div", { class: "empty" }, h("h2", {}, words.noTranscript), h("p", { class: "muted" }, words.processing));
  }

  /** @param {any} recording @param {Transcription | undefined} last @param {boolean} hasAudio */
  #invitation(recording, last, hasAudio) {
    const lead = last?.status === "failed" ? `${words.failedTranscript} ${last.error_message ?? ""}`
      : hasAudio ? words.noTranscriptAudioLead : words.noTranscriptLead;
    const hear = hasAudio ? h("button", { type: "button", class: "primary", onclick: () => void this.transcribe() }, words.transcribe) : null;
    return h("div", { class: "empty" }, h("h2", {}, words.noTranscript), h("p", { class: "muted" }, lead),
      h("div", { class: "empty-actions" }, hear, this.invite?.(recording)));
  }

  /** @param {Transcription} transcription */
  #panel(transcription) {
    const panel = new TranscribingPanel(transcription);
    const id = this.recordingId;
    panel.onend = () => { if (id && this.recordingId === id) void this.open(id, null); };
    return panel;
  }

  /** Transcribe the recording's audio; a transcript that is there stays until the new one is ready. */
  async transcribe() {
    try {
      const started = await transcribe(/** @type {string} */ (this.recordingId));
      this.querySelector("transcribing-panel")?.remove();
      this.querySelector(".empty")?.remove();
      const above = (this.lines ? null : this.querySelector(".reader-tools")) ?? this.querySelector(".reader-head");
      above?.after(this.#panel(started));
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }

  /** @param {string} id */
  async #waitFor(id) {
    await sleep(2000);
    if (this.isConnected && this.recordingId === id) await this.open(id, null);
  }

  /** @param {Note[]} warnings @param {number} total */
  #notes(warnings, total) {
    if (this.isCompact || !total) return null;
    return h("details", { class: "reader-notes notes" }, h("summary", {}, words.notes(total)), noteList(warnings, total, words.notes(total)));
  }

  /** @param {any} recording @param {any} transcript @param {number | null} at */
  #show(recording, transcript, at) {
    const { segments, warnings = [], warnings_total = 0 } = transcript;
    const colours = speakerClasses(segments);
    const durationMs = Math.max(recording.duration_ms ?? 0, ...segments.slice(-50).map((/** @type {Segment} */ one) => one.end * 1000));
    this.picture = new TimelinePicture(segments, colours, durationMs);
    this.lines = new TranscriptLines(segments, colours);
    this.audio = new AudioStrip(recording, durationMs, segments);
    const find = new FindBar(this.lines, segments);
    this.lines.onfind = () => find.focus();
    this.lines.onhear = (ms) => this.audio?.playFrom(ms);
    this.lines.onview = (fromMs, toMs) => this.picture?.setView(fromMs, toMs);
    this.picture.onseek = (ms) => this.goTo(ms, true);
    if (!this.isCompact) this.#correct(recording, transcript, find, durationMs);
    this.audio.ontime = (ms) => {
      this.lines?.follow(ms);
      this.picture?.setPlayhead(ms);
    };
    fill(this, this.#head(recording), this.#notes(warnings, warnings_total), this.picture, h("div", { class: "reader-tools" }, this.audio, new MomentTools(this, recording.media?.length > 0), find),
      this.isCompact ? this.lines : new ReaderTabs(recording, this.lines, (ms) => this.goTo(ms)),
      this.isCompact ? null : h("p", { class: "reader-keys muted" }, words.keys));
    this.citations = this.#citations;
    if (at !== null) this.goTo(at);
    this.dispatchEvent(new CustomEvent("opened"));
  }

  /**
   * Let names and words be corrected in place.
   * @param {any} recording
   * @param {any} transcript
   * @param {FindBar} find
   * @param {number} durationMs
   */
  #correct(recording, transcript, find, durationMs) {
    const show = (/** @type {{segments: Segment[]}} */ { segments }) => {
      const colours = speakerClasses(segments);
      const picture = new TimelinePicture(segments, colours, durationMs);
      picture.onseek = (ms) => this.goTo(ms, true);
      this.picture?.replaceWith(picture);
      this.picture = picture;
      this.lines?.setSegments(segments, colours);
      find.setSegments(segments);
      this.citations = this.#citations;
    };
    const reload = () => void this.open(recording.id, null);
    const corrections = this.corrections = new Corrections(transcript, recording.end_user_id, show, reload);
    const lines = /** @type {TranscriptLines} */ (this.lines);
    lines.onrename = (speaker) => void corrections.rename(speaker);
    lines.onedit = (index, text, isUnclear) => void corrections.edit(index, text, isUnclear);
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
