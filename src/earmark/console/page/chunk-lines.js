// The words of a moment, line by line, with who says them.

import { h } from "./dom.js";
import { strings } from "./strings.js";

/**
 * @param {any} chunk a search result, or the source of an answer
 * @param {(text: string) => (Node | string)[]} [render]
 */
export function chunkLines(chunk, render = (text) => [text]) {
  /** @type {{speaker: string | null, text: string}[]} */
  const lines = chunk.segments ?? [{ speaker: chunk.speaker, text: chunk.chunk_text }];
  const hasNames = lines.some((one) => one.speaker);
  return h("div", { class: "chunk-lines" }, lines.map((one, index) => {
    const isSame = index > 0 && lines[index - 1].speaker === one.speaker;
    return h("p", {}, hasNames && !isSame ? h("b", { class: "chunk-speaker" }, one.speaker ?? strings.reading.unknownSpeaker, " ") : null, render(one.text));
  }));
}
