// Records in the browser: a bar that stays while other pages are looked at, until the server has the recording.

import { account, accounts } from "./account.js";
import { ask } from "./ask-dialog.js";
import { problemOf } from "./bring.js";
import { fill, h } from "./dom.js";
import { localTime } from "./recording-date.js";
import { readingPath } from "./router.js";
import { sounds } from "./sound-button.js";
import { canRecord, canRecordTabs, recordedType, SilentTabError, SoundSource } from "./sound-source.js";
import { dropTake, holding, keepPiece, keepTake, piecesOf } from "./sound-store.js";
import { SoundUpload } from "./sound-upload.js";
import { speak } from "./spoken.js";
import { strings } from "./strings.js";
import { atTime } from "./time.js";
import { follow, stateOf, transcribe } from "./transcribing.js";
import { say } from "./undo.js";

const words = strings.sound;
const LOOK_MS = 200;

/** @typedef {import("./sound-store.js").Take} Take */

/** Ask for name and source, and begin; says why if it can't. @param {string | null} folderId */
export async function record(folderId) {
  if (document.querySelector("sound-recorder")) return say(words.oneAtATime);
  if (!canRecord()) return say(words.notHere, undefined, 10_000);
  const now = new Date();
  const name = h("input", { value: words.named(now), maxlength: 255, required: true });
  const source = h("select", {}, h("option", { value: "microphone" }, words.microphone),
    canRecordTabs() ? h("option", { value: "tab" }, words.tab) : null);
  const form = h("div", { class: "date-form" }, h("label", {}, words.name, name), h("label", {}, words.source, source));
  if ((await ask(words.title, form, words.begin, () => "yes", () => name.select())) === null) return;
  const take = {
    id: crypto.randomUUID(), endUserId: String(account.endUser?.id), name: name.value.trim(), type: recordedType(),
    startedAt: localTime(new Date()), folderId,
  };
  document.body.append(new SoundRecorder(take, source.value));
}

/** Offer to save or discard what an earlier visit recorded. @param {Take} take */
export function offer(take) {
  if (!document.querySelector("sound-recorder")) document.body.append(new SoundRecorder(take, null));
}

export class SoundRecorder extends HTMLElement {
  #source = new SoundSource();
  /** @type {Blob[]} */ #pieces = [];
  #timer = 0;
  #isOver = false;
  #release = () => {};

  /** @param {Take} take @param {import("./sound-source.js").Source | null} from null: what is left of an earlier visit */
  constructor(take, from) {
    super();
    this.take = take;
    this.from = from;
    this.upload = new SoundUpload(take);
  }

  connectedCallback() {
    this.state = h("span", { class: "sound-state", role: "status" });
    this.time = h("span", { class: "sound-time", role: "timer" });
    this.meter = h("meter", { min: 0, max: 1, "aria-label": words.loudness, hidden: true });
    this.bar = h("progress", { max: 1, "aria-label": words.sending, hidden: true });
    this.buttons = h("span", { class: "sound-buttons" });
    fill(this, h("section", { class: "sound-bar", "aria-label": words.title }, h("span", { class: "sound-dot", "aria-hidden": "true" }),
      h("span", { class: "sound-name" }, this.take.name), this.time, this.meter, this.bar, this.state, this.buttons));
    addEventListener("beforeunload", this.#leaving);
    accounts.addEventListener("change", this.#changed);
    void holding(this.take.id, () => new Promise((done) => { this.#release = () => done(undefined); }));
    void (this.from ? this.#begin(this.from) : this.#offer());
  }

  disconnectedCallback() {
    this.#isOver = true;
    clearInterval(this.#timer);
    removeEventListener("beforeunload", this.#leaving);
    accounts.removeEventListener("change", this.#changed);
    void this.#source.stop();
    this.#release();
  }

  /** @param {import("./sound-source.js").Source} from */
  async #begin(from) {
    this.#source.onpiece = (piece) => void this.#keep(piece);
    this.#source.onlost = () => void this.#stop();
    try {
      await keepTake(this.take).catch(() => say(words.notKept, undefined, 10_000));
      await this.#source.begin(from, this.take.type);
    } catch (error) {
      say(reasonOf(error), undefined, 10_000);
      void dropTake(this.take.id).catch(() => {});
      return this.remove();
    }
    this.meter.hidden = false;
    this.#timer = window.setInterval(() => this.#look(), LOOK_MS);
    this.#going();
    speak(words.recording);
  }

  /** Store a piece, then send it: the server never has sound that this browser lacks. @param {Blob} piece */
  async #keep(piece) {
    const number = this.#pieces.push(piece);
    await keepPiece(this.take.id, number, piece).catch(() => {});
    if (!this.#isOver) this.upload.add(piece);
  }

  #look() {
    fill(this.time, atTime(this.#source.lengthMs));
    this.meter.value = this.#source.isPaused ? 0 : this.#source.loudness;
  }

  #going() {
    const { isPaused } = this.#source;
    this.classList.toggle("is-recording", !isPaused);
    fill(this.state, isPaused ? words.paused : words.recording);
    const turn = () => {
      if (isPaused) this.#source.goOn();
      else this.#source.pause();
      this.#going();
    };
    this.#offerButtons([words.stop, () => void this.#stop()], [isPaused ? words.goOn : words.pause, turn], [words.discard, () => void this.#discard()]);
  }

  async #offer() {
    this.#pieces = await piecesOf(this.take.id).catch(() => []);
    if (!this.#pieces.length) return this.#discard();
    fill(this.state, words.left(this.take.startedAt));
    this.#offerButtons([words.keep, () => void this.#send()], [words.discard, () => void this.#discard()]);
  }

  async #stop() {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#source.stop();
    clearInterval(this.#timer);
    this.classList.remove("is-recording");
    await this.#send();
  }

  async #send() {
    this.#isOver = true;
    [this.meter.hidden, this.bar.hidden] = [true, false];
    this.#offerButtons();
    const step = (/** @type {string} */ text, /** @type {number} */ share) => {
      fill(this.state, text);
      this.bar.value = share;
    };
    try {
      if (!this.#pieces.length) throw new Error(words.nothing);
      const id = await this.upload.finish(new Blob(this.#pieces, { type: this.upload.type }), step);
      removeEventListener("beforeunload", this.#leaving);
      sounds.dispatchEvent(new Event("brought"));
      await this.#hear(id, step);
    } catch (error) {
      this.bar.hidden = true;
      fill(this.state, h("span", { class: "upload-problem" }, problemOf(error)), " ", words.stillHere);
      this.#offerButtons([strings.tryAgain, () => void this.#send()], [words.discard, () => void this.#discard()]);
    }
  }

  /** @param {string} id @param {(step: string, share: number) => void} step */
  async #hear(id, step) {
    let problem = "";
    try {
      const started = await transcribe(id);
      const ended = await follow(started.id, (now) => step(stateOf(now), now.progress ?? 0));
      if (ended?.status === "failed") problem = ended.error_message ?? strings.bring.notHeard;
    } catch (error) {
      problem = problemOf(error);
    }
    this.bar.hidden = true;
    fill(this.state, h("a", { href: readingPath(id), onclick: () => this.remove() }, strings.bring.done), " ",
      problem ? h("span", { class: "upload-problem" }, problem) : null);
    this.#offerButtons([strings.close, () => this.remove()]);
    sounds.dispatchEvent(new Event("brought"));
    speak(strings.bring.done);
  }

  async #discard() {
    this.#isOver = true;
    await this.#source.stop();
    await this.upload.discard();
    this.remove();
  }

  /** @param {...[string, () => void]} offered */
  #offerButtons(...offered) {
    const hadFocus = this.buttons.contains(document.activeElement);
    fill(this.buttons, offered.map(([label, onclick], at) =>
      h("button", { type: "button", class: at || offered.length === 1 ? "small" : "small primary", onclick }, label)));
    if (hadFocus) /** @type {HTMLElement | null} */ (this.buttons.querySelector("button"))?.focus();
  }

  #leaving = (/** @type {BeforeUnloadEvent} */ event) => event.preventDefault();

  /** Another person signs in: what was recorded waits in this browser for the one who recorded it. */
  #changed = () => {
    if (account.endUser?.id !== this.take.endUserId) this.remove();
  };
}

/** @param {unknown} error */
function reasonOf(error) {
  if (error instanceof SilentTabError) return words.silentTab;
  if (!(error instanceof DOMException)) return problemOf(error);
  return error.name === "NotAllowedError" ? words.refused : words.noMicrophone;
}

customElements.define("sound-recorder", SoundRecorder);
