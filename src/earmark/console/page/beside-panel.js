// The panel beside a chat or a search: an answer's sources, or a recording at a moment.
// On a narrow window it is a sheet over the page.

import { fill, h, icon, iconButton } from "./dom.js";
import { RecordingReader } from "./recording-reader.js";
import { readingPath } from "./router.js";
import { sourceList } from "./source-list.js";
import { strings } from "./strings.js";

const ROOMY = matchMedia("(min-width: 1180px)");

export class BesidePanel extends HTMLElement {
  /** @type {{sources: any[], session: string | null} | null} */ #sources = null;
  /** @type {HTMLElement | null} the element to return the focus to */ #from = null;
  hasRecording = false;

  connectedCallback() {
    this.setAttribute("role", "complementary");
    this.setAttribute("aria-label", strings.ask.sources);
    this.hidden = true;
    ROOMY.addEventListener("change", () => this.#holdRest());
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close(true);
    });
    this.addEventListener("open-moment", (/** @type {any} */ event) => {
      if (this.onmoment) this.onmoment(event.detail);
      event.stopPropagation();
    });
  }

  /** @type {((moment: any) => void) | null} the page's own handler of opened moments */ onmoment = null;

  get isRoomy() {
    return ROOMY.matches;
  }

  /** Trap the focus while it is a sheet. */
  #holdRest() {
    const isSheet = !this.hidden && !this.isRoomy;
    const rest = [...(this.parentElement?.children ?? []), ...document.querySelectorAll(".skip")];
    for (const one of rest) if (one !== this) /** @type {HTMLElement} */ (one).inert = isSheet;
  }

  /** @param {boolean} isFocused */
  #open(isFocused) {
    this.hidden = false;
    document.documentElement.classList.add("has-beside");
    this.#holdRest();
    if (!isFocused && this.isRoomy) return;
    /** @type {HTMLElement | null} */ (this.querySelector("h2"))?.focus({ preventScroll: true });
  }

  /**
   * @param {any[]} sources
   * @param {string | null} session
   * @param {boolean} isAsked opened by a person, so it takes the focus
   */
  showSources(sources, session, isAsked) {
    if (isAsked) this.#from = /** @type {HTMLElement | null} */ (document.activeElement);
    this.#sources = { sources, session };
    this.hasRecording = false;
    fill(this, h("div", { class: "beside-head" }, h("h2", { tabindex: "-1" }, strings.ask.sources),
      iconButton("close", strings.close, () => this.close(true))),
      h("div", { class: "beside-scroll", tabindex: "0", role: "region", "aria-label": strings.ask.sources }, sourceList(sources, session)));
    this.#open(isAsked);
  }

  /** @param {{recording: string, at: number | null, citations: number[], session: string | null, from?: HTMLElement | null}} moment */
  showRecording({ recording, at, citations, session, from = null }) {
    if (from && !this.contains(from)) this.#from = from;
    const reader = /** @type {RecordingReader | null} */ (this.querySelector("recording-reader"));
    if (reader?.recordingId === recording) {
      reader.citations = citations;
      reader.goTo(at ?? 0);
      return this.#open(true);
    }
    const fresh = new RecordingReader();
    fresh.isCompact = true;
    fresh.citations = citations;
    this.hasRecording = true;
    const back = this.#sources?.session === session && session
      ? iconButton("back", strings.reading.back, () => this.showSources(this.#sources?.sources ?? [], session, true)) : null;
    fill(this, h("div", { class: "beside-head" }, back, h("h2", { tabindex: "-1" }, strings.reading.title),
      h("a", { class: "button small quiet", href: readingPath(recording, { at, session }) }, icon("file"), strings.reading.open),
      iconButton("close", strings.close, () => this.close(true))), fresh);
    this.#open(true);
    void fresh.open(recording, at);
  }

  /** @param {boolean} [isReturning] return the focus */
  close(isReturning = false) {
    if (this.hidden) return;
    this.hidden = true;
    this.hasRecording = false;
    document.documentElement.classList.remove("has-beside");
    this.#holdRest();
    fill(this);
    if (isReturning && this.#from?.isConnected) this.#from.focus();
  }
}

customElements.define("beside-panel", BesidePanel);

/** @returns {BesidePanel} */
export const beside = () => /** @type {BesidePanel} */ (document.querySelector("beside-panel"));
