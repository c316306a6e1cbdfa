// Telling people who listen to the page what happens: answers by whole sentences, politely.

import { h } from "./dom.js";

const region = h("div", { class: "sr-only", role: "status", "aria-live": "polite" });

/** Put the live region into the page. */
export const mountSpoken = () => document.body.append(region);

/** @param {string} text */
export function speak(text) {
  region.append(h("p", {}, text));
  while (region.childElementCount > 12) region.firstElementChild?.remove();
}

/** Says a growing text sentence by sentence. */
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
