// Highlights a query's words in a search result, ignoring word endings.

import { h } from "./dom.js";

const WORD = /[\p{L}\p{N}]+(?:['’][\p{L}]+)?/gu;
const SAYS_NOTHING = new Set(("a an the and or of to in on at by for is are was were be been do did does we i you he she it they " +
  "what when where who whom whose which why how that this with about from our my your their as not").split(" "));

/** @param {string} word */
function stemOf(word) {
  const folded = word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return folded.length > 4 ? folded.replace(/(?:ations?|ings?|ies|ied|ed|es|s|e|en|er)$/u, "") : folded;
}

/**
 * @param {string} text
 * @param {string} query
 * @param {boolean} [isByBeginning] mark each word that begins with one of the query's, as the search in chats finds them
 * @returns {(string | HTMLElement)[]}
 */
export function highlighted(text, query, isByBeginning = false) {
  const wanted = new Set([...query.matchAll(WORD)].map(([word]) => word).filter((word) => !SAYS_NOTHING.has(word.toLowerCase())).map(stemOf));
  const begins = [...query.toLowerCase().matchAll(WORD)].map(([word]) => word);
  /** @type {(string | HTMLElement)[]} */ const nodes = [];
  let at = 0;
  for (const match of text.matchAll(WORD)) {
    if (isByBeginning ? !begins.some((one) => match[0].toLowerCase().startsWith(one)) : !wanted.has(stemOf(match[0]))) continue;
    nodes.push(text.slice(at, match.index), h("mark", {}, match[0]));
    at = match.index + match[0].length;
  }
  return [...nodes, text.slice(at)];
}
