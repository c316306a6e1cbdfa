// The audio player of a recording: play, pause, speed, position.

import { callIfThere } from "./api.js";
import { fill, h, icon, iconButton } from "./dom.js";
import { nameOfRecording } from "./recording-names.js";
import { afterSilence, silencesIn } from "./silences.js";
import { strings } from "./strings.js";
import { atTime } from "./time.js";

const words = strings.reading;
export const SKIP_S = 15;
const SPEEDS = [0.75, 1, 1.25, 1.5, 1.75, 2, 2.5];
const [STORED_SPEED, STORED_SKIP] = ["earmark.player.speed", "earmark.player.skip-silence"];

export class AudioStrip extends HTMLElement {
  /** @type {(ms: number) => void} */ ontime = () => {};
  #speed = SPEEDS.includes(Number(localStorage.getItem(STORED_SPEED))) ? Number(localStorage.getItem(STORED_SPEED)) : 1;
  /** @type {import("./silences.js").Silence[]} */ #silences = [];
  isSkipping = localStorage.getItem(STORED_SKIP) === "yes";
  /** @type {Promise<HTMLAudioElement | null> | null} */ #opening = null;
  expires = 0;
  /** @type {HTMLAudioElement | null} */ audio = null;

  /** @param {any} recording @param {number} durationMs @param {{start: number, end: number}[]} [segments] */
  constructor(recording, durationMs, segments = []) {
    super();
    this.#silences = silencesIn(segments);
    this.recording = recording;
    this.durationMs = durationMs;
  }

  connectedCallback() {
    this.hidden = !this.recording.media?.length;
    if (this.hidden || this.button) return;
    this.button = h("button", { type: "button", class: "icon-button play", onclick: () => this.toggle() });
    this.now = h("span", { class: "audio-now" }, atTime(0));
    this.speed = h("button", { type: "button", class: "quiet", "aria-label": words.speed, onclick: () => this.changeSpeed(1, true) }, `${this.#speed}×`);
    this.skipper = this.#silences.length
      ? h("button", { type: "button", class: "quiet", "aria-pressed": String(this.isSkipping), onclick: () => this.toggleSilence() }, words.skipSilence) : null;
    const skips = [[-SKIP_S, "back15", words.skipBack], [SKIP_S, "ahead15", words.skipAhead]].map(([by, name, label]) =>
      iconButton(/** @type {"back15"} */ (name), String(label), () => void this.skip(Number(by))));
    fill(this, skips[0], this.button, skips[1], this.now, this.speed, this.skipper);
    this.#drawn();
  }

  disconnectedCallback() {
    this.audio?.pause();
  }

  #drawn() {
    const { isPlaying } = this;
    fill(this.button, icon(isPlaying ? "pause" : "play"));
    this.button.setAttribute("aria-label", isPlaying ? words.pause : words.play);
  }

  /** Request the signed URL only when needed, because it expires after fifteen minutes. */
  async #open() {
    if (this.audio && Date.now() < this.expires) return this.audio;
    this.#opening ??= this.#load().finally(() => { this.#opening = null; });
    return this.#opening; // for all keys that are pressed meanwhile
  }

  async #load() {
    const found = await callIfThere(`/recordings/${this.recording.id}/download-url`, { isQuiet: true });
    if (!found) {
      this.hidden = true;
      return null;
    }
    const url = new URL(found.download_url, location.origin);
    this.expires = Date.now() + (found.expires_in - 30) * 1000;
    const at = this.audio?.currentTime ?? 0;
    this.audio?.pause();
    this.audio = new Audio(url.pathname + url.search); // our own origin, because of the content security policy
    this.audio.currentTime = at;
    this.audio.playbackRate = this.#speed;
    this.audio.addEventListener("play", () => this.#takeMediaKeys());
    for (const name of ["play", "pause", "ended"]) this.audio.addEventListener(name, () => this.#drawn());
    this.audio.addEventListener("timeupdate", () => this.#moved());
    this.audio.addEventListener("error", () => fill(this.now, words.audioFailed));
    return this.audio;
  }

  #moved() {
    const ms = (this.audio?.currentTime ?? 0) * 1000;
    if (this.isSkipping && this.audio && !this.audio.paused) {
      const on = afterSilence(this.#silences, ms);
      if (on !== ms) return void (this.audio.currentTime = on / 1000);
    }
    fill(this.now, atTime(ms));
    this.ontime(ms);
  }

  /** @param {number} ms */
  async playFrom(ms) {
    if (this.hidden) return;
    const audio = await this.#open();
    if (!audio) return;
    audio.currentTime = ms / 1000;
    await audio.play().catch(() => {}); // the browser may require a click first; the button remains
  }

  /** @param {number} ms */
  async seek(ms) {
    if (this.hidden || !this.audio) return;
    this.audio.currentTime = ms / 1000;
  }

  /** @param {number} seconds to move by, negative: back */
  async skip(seconds) {
    if (this.hidden) return;
    const audio = await this.#open();
    if (audio) audio.currentTime = Math.max(0, audio.currentTime + seconds);
  }

  /** The keys of phones and keyboards, and what a lock screen shows. */
  #takeMediaKeys() {
    const session = navigator.mediaSession;
    if (!session) return;
    session.metadata = new MediaMetadata({ title: nameOfRecording(this.recording) });
    session.setActionHandler("seekbackward", () => void this.skip(-SKIP_S));
    session.setActionHandler("seekforward", () => void this.skip(SKIP_S));
  }

  async toggle() {
    if (this.hidden) return;
    const audio = await this.#open();
    if (!audio) return;
    if (audio.paused) await audio.play().catch(() => {});
    else audio.pause();
  }

  /** @param {1 | -1} step @param {boolean} [isRound] begin again after the fastest */
  changeSpeed(step, isRound = false) {
    const at = SPEEDS.indexOf(this.#speed) + step;
    this.#speed = SPEEDS[isRound ? at % SPEEDS.length : Math.max(0, Math.min(at, SPEEDS.length - 1))];
    localStorage.setItem(STORED_SPEED, String(this.#speed));
    if (this.audio) this.audio.playbackRate = this.#speed;
    if (this.speed) fill(this.speed, `${this.#speed}×`);
  }

  toggleSilence() {
    if (!this.skipper) return;
    this.isSkipping = !this.isSkipping;
    localStorage.setItem(STORED_SKIP, this.isSkipping ? "yes" : "no");
    this.skipper.setAttribute("aria-pressed", String(this.isSkipping));
  }

  get isPlaying() {
    return Boolean(this.audio && !this.audio.paused);
  }

  /** Where it plays, in ms; null before it played. */
  get at() {
    return this.audio ? Math.floor(this.audio.currentTime * 1000) : null;
  }
}

customElements.define("audio-strip", AudioStrip);
