// Records in the browser: a bar that stays while other pages are looked at, until the server has the recording.

import { account, accounts } from "./account.js";
import { ask, askSure } from "./ask-dialog.js";
import { problemOf } from "./bring.js";
import { fill, h } from "./dom.js";
import { localTime } from "./recording-date.js";
import { readingPath } from "./router.js";
import { sounds } from "./sound-button.js";
import { canRecord, canRecordTabs, recordedType, SilentTabError, SoundSource } from "./sound-source.js";
import { deleteDraft, draftOf, piecesOf, storeDraft, storePiece, withLock } from "./sound-store.js";
import { SoundUpload } from "./sound-upload.js";
import { speak } from "./spoken.js";
import { strings } from "./strings.js";
import { atTime } from "./time.js";
import { follow, stateOf, transcribe } from "./transcribing.js";
import { say } from "./undo.js";

const words = strings.sound;
const LOOK_MS = 200;

/** @typedef {import("./sound-store.js").Draft} Draft */

/** Ask for name and source, and begin; says why if it can't. @param {string | null} folderId */
export async function record(folderId) {
  if (!makeRoom()) return say(words.oneAtATime);
  if (!canRecord()) return say(words.notHere, undefined, 10_000);
  const now = new Date();
  const name = h("input", { value: words.named(now), maxlength: 255, required: true });
  const source = h("select", {}, h("option", { value: "microphone" }, words.microphone),
    canRecordTabs() ? h("option", { value: "tab" }, words.tab) : null);
  const form = h("div", { class: "date-form" }, h("label", {}, words.name, name), h("label", {}, words.source, source));
  if ((await ask(words.title, form, words.begin, () => "yes", () => name.select())) === null) return;
  if (!account.endUser || !makeRoom()) return;
  const draft = {
    id: crypto.randomUUID(), endUserId: account.endUser.id, name: name.value.trim(), type: recordedType(),
    startedAt: localTime(new Date()), folderId,
  };
  document.body.append(new SoundRecorder(draft, source.value));
}

/** Offer to save or discard what an earlier visit recorded. @param {Draft} draft */
export function offer(draft) {
  if (account.endUser?.id === draft.endUserId && makeRoom()) document.body.append(new SoundRecorder(draft, null));
}

/** Whether nothing is being recorded or sent; what has been sent makes room. */
function makeRoom() {
  const bar = /** @type {SoundRecorder | null} */ (document.querySelector("sound-recorder"));
  if (bar?.isSaved) bar.remove();
  return !bar || bar.isSaved;
}

export class SoundRecorder extends HTMLElement {
  isSaved = false;
  #source = new SoundSource();
  /** @type {Blob[]} */ #pieces = [];
  #timer = 0;
  #isOver = false;
  #isStored = true;
  #release = () => {};

  /** @param {Draft} draft @param {import("./sound-source.js").Source | null} from null: what is left of an earlier visit */
  constructor(draft, from) {
    super();
    this.draft = draft;
    this.from = from;
    this.upload = new SoundUpload(draft);
  }

  connectedCallback() {
    this.state = h("span", { class: "sound-state", role: "status", tabindex: "-1" });
    this.time = h("span", { class: "sound-time", role: "timer" });
    this.meter = h("meter", { min: 0, max: 1, "aria-label": words.loudness, hidden: true });
    this.bar = h("progress", { max: 1, "aria-label": words.sending, hidden: true });
    this.buttons = h("span", { class: "sound-buttons" });
    fill(this, h("section", { class: "sound-bar", "aria-label": words.title }, h("span", { class: "sound-dot", "aria-hidden": "true" }),
      h("span", { class: "sound-name" }, this.draft.name), this.time, this.meter, this.bar, this.state, this.buttons));
    addEventListener("beforeunload", this.#leaving);
    accounts.addEventListener("change", this.#changed);
    void this.#live();
  }

  disconnectedCallback() {
    this.#isOver = true;
    clearInterval(this.#timer);
    removeEventListener("beforeunload", this.#leaving);
    accounts.removeEventListener("change", this.#changed);
    void this.#source.stop();
    this.#release();
  }

  /** Record, or offer what is left; no other tab may work on it meanwhile. */
  async #live() {
    const isMine = await withLock(this.draft.id, async () => {
      const ended = new Promise((done) => { this.#release = () => done(undefined); });
      await (this.from ? this.#begin(this.from) : this.#offer());
      if (this.isConnected) await ended;
    });
    if (!isMine) this.remove();
  }

  /** @param {import("./sound-source.js").Source} from */
  async #begin(from) {
    this.#source.onpiece = (piece) => void this.#add(piece);
    this.#source.onlost = () => void this.#stop();
    try {
      void navigator.storage?.persist?.().catch(() => {});
      await storeDraft(this.draft).catch(() => this.#noStore());
      this.#show(words.asking);
      this.#offerButtons([strings.cancel, () => this.remove()]);
      await this.#source.begin(from, this.draft.type);
    } catch (error) {
      if (this.isConnected) say(reasonOf(error), undefined, 10_000);
      void deleteDraft(this.draft.id).catch(() => {});
      return this.remove();
    }
    this.meter.hidden = false;
    this.#timer = window.setInterval(() => this.#look(), LOOK_MS);
    this.#going();
    speak(words.recording);
  }

  /** Store a piece, then send it, so that the server never has sound that this browser lacks while it can store it. @param {Blob} piece */
  async #add(piece) {
    const number = this.#pieces.push(piece);
    if (this.#isStored) await storePiece(this.draft.id, number, piece).catch(() => this.#noStore());
    if (!this.#isOver) this.upload.add(piece);
  }

  /** The browser can't store more: pieces after a gap would be of no use. */
  #noStore() {
    this.#isStored = false;
    say(words.notKept, undefined, 10_000);
  }

  #look() {
    fill(this.time, atTime(this.#source.lengthMs));
    this.meter.value = this.#source.isPaused ? 0 : this.#source.loudness;
  }

  #going() {
    const { isPaused } = this.#source;
    this.classList.toggle("is-recording", !isPaused);
    this.#show(isPaused ? words.paused : words.recording);
    const turn = () => {
      if (isPaused) this.#source.goOn();
      else this.#source.pause();
      this.#going();
    };
    this.#offerButtons([words.stop, () => void this.#stop()], [isPaused ? words.goOn : words.pause, turn], [words.discard, () => void this.#askToDiscard()]);
  }

  async #offer() {
    try {
      const stored = await draftOf(this.draft.id); // another tab may have worked on it since it was listed
      if (!stored) return this.remove();
      Object.assign(this.draft, stored);
      this.#pieces = await piecesOf(this.draft.id);
    } catch (error) {
      this.#show(problemOf(error));
      return this.#offerButtons([strings.tryAgain, () => void this.#offer()], [strings.close, () => this.remove()]);
    }
    if (!this.#pieces.length && !this.draft.recordingId) return this.#discard();
    this.#show(words.left(this.draft.startedAt));
    return this.#offerButtons([words.keep, () => void this.#send()], [words.discard, () => void this.#askToDiscard()]);
  }

  async #stop() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#offerButtons();
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
      this.#show(text);
      this.bar.value = share;
    };
    try {
      if (!this.#pieces.length && !this.draft.recordingId) throw new Error(words.nothing);
      const id = await this.upload.finish(new Blob(this.#pieces, { type: this.upload.type }), step);
      this.isSaved = true;
      removeEventListener("beforeunload", this.#leaving);
      this.#offerButtons([strings.close, () => this.remove()]);
      sounds.dispatchEvent(new Event("brought"));
      await this.#hear(id, step);
    } catch (error) {
      this.bar.hidden = true;
      fill(this.state, h("span", { class: "upload-problem" }, problemOf(error)), " ", words.stillHere);
      this.#offerButtons([strings.tryAgain, () => void this.#send()], [words.discard, () => void this.#askToDiscard()]);
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

  async #askToDiscard() {
    if (await askSure({ title: words.discardTitle, text: words.discardText(this.draft.name), button: words.discard })) await this.#discard();
  }

  async #discard() {
    this.#isOver = true;
    this.#offerButtons();
    await this.#source.stop();
    try {
      await this.upload.discard();
      this.remove();
    } catch (error) { // it is offered again at the next visit
      this.#show(problemOf(error));
      this.#offerButtons([strings.tryAgain, () => void this.#discard()], [strings.close, () => this.remove()]);
    }
  }

  /** Show a state; one that stays the same is not said again. @param {string} text */
  #show(text) {
    if (this.state.textContent !== text) fill(this.state, text);
  }

  /** @param {...[string, () => void]} offered */
  #offerButtons(...offered) {
    const hadFocus = this.buttons.contains(document.activeElement);
    fill(this.buttons, offered.map(([label, onclick], at) =>
      h("button", { type: "button", class: at || offered.length === 1 ? "small" : "small primary", onclick }, label)));
    if (hadFocus) /** @type {HTMLElement} */ (this.buttons.querySelector("button") ?? this.state).focus();
  }

  #leaving = (/** @type {BeforeUnloadEvent} */ event) => event.preventDefault();

  /** When somebody else signs in, what was recorded waits in this browser; a session that ends stops no recording. */
  #changed = () => {
    if (account.endUser && account.endUser.id !== this.draft.endUserId) this.remove();
  };
}

/** @param {unknown} error */
function reasonOf(error) {
  if (error instanceof SilentTabError) return words.silentTab;
  if (!(error instanceof DOMException)) return problemOf(error);
  return error.name === "NotAllowedError" ? words.refused : words.noMicrophone;
}

customElements.define("sound-recorder", SoundRecorder);
