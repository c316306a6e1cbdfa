// The audio player of a recording: play, pause, speed, position.

import { callIfThere } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { strings } from "./strings.js";
import { atTime } from "./time.js";

const words = strings.reading;
const SPEEDS = [1, 1.25, 1.5, 2, 0.75];

export class AudioStrip extends HTMLElement {
  /** @type {(ms: number) => void} */ ontime = () => {};
  #speed = 0;
  #isOpening = false;
  expires = 0;
  /** @type {HTMLAudioElement | null} */ audio = null;

  /** @param {any} recording @param {number} durationMs */
  constructor(recording, durationMs) {
    super();
    this.recording = recording;
    this.durationMs = durationMs;
  }

  connectedCallback() {
    this.hidden = !this.recording.media?.length;
    if (this.hidden || this.button) return;
    this.button = h("button", { type: "button", class: "icon-button play", onclick: () => this.toggle() });
    this.now = h("span", { class: "audio-now" }, atTime(0));
    this.speed = h("button", { type: "button", class: "quiet", "aria-label": words.speed, onclick: () => this.#faster() }, "1×");
    fill(this, this.button, this.now, this.speed);
    this.#drawn();
  }

  disconnectedCallback() {
    this.audio?.pause();
  }

  #drawn() {
    const isPlaying = this.audio && !this.audio.paused;
    fill(this.button, icon(isPlaying ? "pause" : "play"));
    this.button.setAttribute("aria-label", isPlaying ? words.pause : words.play);
  }

  /** Request the signed URL only when needed, because it expires after fifteen minutes. */
  async #open() {
    if (this.audio && Date.now() < this.expires) return this.audio;
    if (this.#isOpening) return null;
    this.#isOpening = true;
    const found = await callIfThere(`/recordings/${this.recording.id}/download-url`, { isQuiet: true }).finally(() => { this.#isOpening = false; });
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
    this.audio.playbackRate = SPEEDS[this.#speed];
    for (const name of ["play", "pause", "ended"]) this.audio.addEventListener(name, () => this.#drawn());
    this.audio.addEventListener("timeupdate", () => this.#moved());
    this.audio.addEventListener("error", () => fill(this.now, words.audioFailed));
    return this.audio;
  }

  #moved() {
    const ms = (this.audio?.currentTime ?? 0) * 1000;
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

  async toggle() {
    if (this.hidden) return;
    const audio = await this.#open();
    if (!audio) return;
    if (audio.paused) await audio.play().catch(() => {});
    else audio.pause();
  }

  #faster() {
    this.#speed = (this.#speed + 1) % SPEEDS.length;
    if (this.audio) this.audio.playbackRate = SPEEDS[this.#speed];
    fill(this.speed, `${SPEEDS[this.#speed]}×`);
  }
}

customElements.define("audio-strip", AudioStrip);
