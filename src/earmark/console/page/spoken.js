// Announces changes to screen readers in a polite live region; answers in whole sentences.

import { h } from "./dom.js";

const region = h("div", { class: "sr-only", role: "status", "aria-live": "polite" });

/** Add the live region to the page. */
export const mountSpoken = () => document.body.append(region);

/** @param {string} text */
export function speak(text) {
  region.append(h("p", {}, text));
  while (region.childElementCount > 12) region.firstElementChild?.remove();
}

/** Announces a streamed text sentence by sentence. */
export class SentenceSpeaker {
  #said = 0;

  /** @param {import("./turn.js").Part[]} parts @param {boolean} isWhole */
  hear(parts, isWhole) {
    const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    const rest = text.slice(this.#said);
    const end = isWhole ? rest.length : Math.max(rest.lastIndexOf(". "), rest.lastIndexOf("\n"), rest.lastIndexOf("? ")) + 1;
    if (end <= 0 || !rest.slice(0, end).trim()) return;
    this.#said += end;
    speak(rest.slice(0, end).trim());
  }
}
