// Shows what files are taken for before they are imported, and lets some be left out.

import { ApiError, AwayError, isAbort } from "./api.js";
import { factsOf, inspect, problemOf } from "./bring.js";
import { fill, h } from "./dom.js";
import { noteList, noteText } from "./import-notes.js";
import { strings } from "./strings.js";
import { atTime, lengthOf, localDay } from "./time.js";

const words = strings.review;
const AT_ONCE = 2;
const SPEAKERS_SHOWN = 6;
const LINES_SHOWN = 3;

/** @typedef {import("./bring.js").Bundle} Bundle */
/** @typedef {{name: string, note: string, isEmpty: boolean}} Whole an archive, imported whole or not at all: what it holds */
/** @typedef {{isNew?: boolean}} Options `isNew`: each file becomes a recording, with the file's name and date */

/**
 * Show files in a dialog and return those to import; none if it is cancelled.
 * @param {Bundle[]} bundles
 * @param {Options} [options]
 * @returns {Promise<Bundle[]>}
 */
export const reviewed = async (bundles, { isNew = true } = {}) => (await closed(new Review(bundles, isNew, null))).result;

/**
 * Show what an archive holds and return whether to import it.
 * @param {Whole} whole
 * @param {Bundle[]} bundles of some of its files
 * @returns {Promise<boolean>}
 */
export const agreed = async (whole, bundles) => (await closed(new Review(bundles, true, whole))).isAgreed;

/** Open a dialog and wait until it is closed. @param {Review} review @returns {Promise<Review>} */
function closed(review) {
  const from = /** @type {HTMLElement | null} */ (document.activeElement);
  return new Promise((done) => {
    review.element.addEventListener("close", () => {
      review.element.remove();
      if (from?.isConnected) from.focus();
      done(review);
    });
    document.body.append(review.element);
    review.element.showModal();
    void review.read();
  });
}

class Review {
  /** @type {Bundle[]} */ result = [];
  isAgreed = false;
  #stop = new AbortController();

  /** @param {Bundle[]} bundles @param {boolean} isNew @param {Whole | null} whole */
  constructor(bundles, isNew, whole) {
    this.whole = whole;
    const options = { isNew, isOnly: bundles.length === 1 || whole !== null, onchange: () => this.#count() };
    this.rows = bundles.map((one) => new ReviewRow(one, options));
    this.state = h("p", { class: "muted", role: "status" });
    this.go = h("button", { type: "button", class: "primary", onclick: () => this.#finish() });
    this.cancel = h("button", { type: "button", onclick: () => this.element.close() });
    this.element = /** @type {HTMLDialogElement} */ (h("dialog", { class: "review-dialog", "aria-label": words.title },
      h("h2", { tabindex: "-1", autofocus: true }, words.title), whole && h("p", {}, h("strong", {}, whole.name), `: ${whole.note}`), this.state,
      h("div", { class: "review-scroll", tabindex: "0", role: "group", "aria-label": words.files },
        h("ul", {}, this.rows.map((row) => row.element))),
      h("div", { class: "dialog-foot" }, this.cancel, this.go)));
    this.element.addEventListener("close", () => this.#stop.abort());
    this.#count();
  }

  /** Inspect the files, a few at once; then Enter imports them. */
  async read() {
    const waiting = [...this.rows];
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (let row = waiting.shift(); row && !this.#stop.signal.aborted; row = waiting.shift()) {
        await row.read(this.#stop.signal);
        if (row.isSignedOut) this.element.close();
        this.#count();
      }
    }));
    const isUntouched = !document.activeElement || document.activeElement === this.element.querySelector("h2");
    if (this.element.open && isUntouched) (this.go.hidden ? this.cancel : this.go).focus();
  }

  #count() {
    const [all, read] = [this.rows.length, this.rows.filter((row) => row.state !== "reading").length];
    const good = this.rows.filter((row) => row.state === "good");
    const isReading = read < all;
    fill(this.state, isReading ? (all === 1 ? words.reading : words.readingOf(read + 1, all)) : words.ready(good.length, all - good.length));
    if (this.whole) {
      fill(this.state, isReading ? words.readingOf(read + 1, all) : "");
      this.go.disabled = this.whole.isEmpty;
      this.go.hidden = this.whole.isEmpty;
      fill(this.go, words.goWhole);
      fill(this.cancel, this.whole.isEmpty ? strings.close : strings.cancel);
      return;
    }
    const chosen = good.filter((row) => row.isChosen).length;
    this.go.disabled = isReading || !chosen;
    this.go.hidden = !isReading && !good.length;
    fill(this.go, words.go(chosen, all));
    fill(this.cancel, this.go.hidden ? strings.close : strings.cancel);
  }

  #finish() {
    this.isAgreed = true;
    this.result = this.rows.filter((row) => row.state === "good" && row.isChosen).map((row) => row.bundle);
    this.element.close();
  }
}

/** Without a role: the dialog says how far it is, not each row. */
const waiting = () => h("p", { class: "loading" }, h("span", { class: "spinner", "aria-hidden": "true" }), words.reading);

/** One file, or a transcript with its audio. */
class ReviewRow {
  /** @type {"reading" | "good" | "refused"} */ state = "reading";
  isSignedOut = false;

  /** @param {Bundle} bundle @param {{isNew: boolean, isOnly: boolean, onchange: () => void}} options */
  constructor(bundle, { isNew, isOnly, onchange }) {
    this.bundle = bundle;
    this.isNew = isNew;
    this.onchange = onchange;
    const name = [bundle.transcript?.name, bundle.audio?.name].filter(Boolean).join(" + ");
    this.box = h("input", { type: "checkbox", checked: true, disabled: true, hidden: isOnly, "aria-label": words.take(name), onchange });
    this.body = h("div", { class: "review-body" }, waiting());
    this.element = h("li", {}, h("label", { class: "review-name" }, this.box, h("strong", {}, name)), this.body);
  }

  get isChosen() {
    return this.box.checked;
  }

  /** @param {AbortSignal} signal */
  async read(signal) {
    const { bundle } = this;
    try {
      if (bundle.problem) throw new Error(bundle.problem);
      const found = bundle.transcript && await inspect(bundle.transcript, signal);
      if (found) bundle.facts = await factsOf(/** @type {File} */ (bundle.transcript), found);
      this.state = "good";
      this.box.disabled = false;
      fill(this.body, found ? this.#found(found) : h("p", { class: "muted" }, words.audioOnly));
    } catch (error) {
      if (!isAbort(error)) this.#refuse(/** @type {Error} */ (error), signal);
    }
  }

  /** @param {Error} error @param {AbortSignal} signal */
  #refuse(error, signal) {
    const isPassing = error instanceof AwayError || (error instanceof ApiError && (error.status === 429 || error.status >= 500));
    this.isSignedOut = error instanceof ApiError && error.status === 401;
    this.state = "refused";
    this.box.checked = false;
    const again = async () => {
      this.state = "reading";
      this.box.checked = true;
      fill(this.body, waiting());
      this.onchange();
      await this.read(signal);
      this.onchange();
    };
    fill(this.body, h("p", { class: "problem" }, problemOf(error)),
      isPassing ? h("button", { type: "button", class: "small", onclick: () => void again() }, strings.tryAgain) : null);
  }

  /** @param {any} found the inspection */
  #found(found) {
    const format = words.formats[/** @type {keyof typeof words.formats} */ (found.format)] ?? found.format;
    const facts = [format, words.speakerNames(found.speakers, SPEAKERS_SHOWN), lengthOf(found.duration_ms), words.segments(found.segment_count)];
    return [h("p", {}, facts.join(" · ")), this.isNew ? this.#naming(found) : null, this.#lines(found.first_segments), this.#repairs(found)];
  }

  /** @param {any} found */
  #naming({ name, recorded_at }) {
    if (!name && !recorded_at) return null;
    return h("dl", {}, name ? h("div", {}, h("dt", { class: "muted" }, words.named), h("dd", {}, name)) : null,
      recorded_at ? h("div", {}, h("dt", { class: "muted" }, words.recorded),
        h("dd", {}, h("time", { datetime: recorded_at }, localDay(recorded_at)))) : null);
  }

  /** @param {import("./recording-reader.js").Segment[]} segments */
  #lines(segments) {
    return h("ol", { class: "review-lines", "aria-label": words.firstLines }, segments.slice(0, LINES_SHOWN).map((one) =>
      h("li", {}, h("span", { class: "muted" }, atTime(one.start * 1000), " "), one.speaker ? h("strong", {}, `${one.speaker}: `) : null, one.text)));
  }

  /** @param {{warnings: import("./import-notes.js").Note[], warnings_total: number}} found */
  #repairs({ warnings, warnings_total: total }) {
    if (!total) return null;
    const text = `${words.repairs(total)}: ${noteText(warnings[0])}`;
    if (total === 1) return h("p", { class: "notes muted" }, text);
    return h("details", { class: "notes" }, h("summary", {}, text), noteList(warnings, total, words.repairs(total)));
  }
}
