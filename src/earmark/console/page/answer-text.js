// Renders an answer's parts as paragraphs, lists and emphasis, with a chip for each citation. Creates only
// elements and text nodes, so that a model's or speaker's words are never parsed as HTML.

import { h } from "./dom.js";

const OPEN = "\uE000";
const CLOSE = "\uE001";
const KEY = "\uE002";
const END_OF_KEY = "\uE003";
const CHIPS = /\uE000(\d+)\uE001/;
const VERBATIM = /(\uE000\d+\uE001|\uE002[^\uE003]*\uE003)/;
const INLINE = /(\uE000\d+\uE001|`[^`\n]+`|\*\*[^*\n]+(?:\*(?!\*)[^*\n]+)*\*\*|__[^_\n]+__|\*[^\s*][^*\n]*\*|\b_[^\s_][^_\n]*_\b)/;

/** @typedef {import("./turn.js").Part} Part */
/** @typedef {Extract<Part, {type: "citation"}>} Citation */

/** @param {Citation} one @param {Citation} other */
const isSamePlace = (one, other) => one.recording_id === other.recording_id && one.start_ms === other.start_ms;

/**
 * Join parts into one text with a mark for each citation. A closing quote mark precedes the chip. A turn that is
 * quoted in several parts, each with its citation, gets one chip, after the last part.
 * @param {Part[]} parts
 * @param {boolean} hasKeys whether key words are marked, too: only in speakers' own words
 */
function mark(parts, hasKeys) {
  /** @type {Citation[]} */ const citations = [];
  let text = "";
  parts.forEach((part, at) => {
    if (part.type === "text") {
      const words = part.text.replace(/[\uE000-\uE003]/g, "\uFFFD");
      text += part.is_key && hasKeys ? `${KEY}${words}${END_OF_KEY}` : words;
    } else if (!goesOn(parts, at, part)) text += `${OPEN}${citations.push(part) - 1}${CLOSE}`;
  });
  return { citations, text: text.replace(/((?:\uE000\d+\uE001)+)([”"’»)\]]+[.,;]?)/g, "$2$1") };
}

/**
 * Whether the same quotation continues: only spaces or dots, then more words with the same citation.
 * @param {Part[]} parts @param {number} at @param {Citation} citation
 */
function goesOn(parts, at, citation) {
  for (const part of parts.slice(at + 1)) {
    if (part.type === "citation") return isSamePlace(part, citation);
    if (part.text.includes("\n")) return false;
  }
  return false;
}

/**
 * @param {Part[]} parts
 * @param {{isVerbatim: boolean, chip: (citation: Citation) => Node}} options verbatim: speakers' own words, no Markdown
 * @returns {Node[]}
 */
export function renderAnswer(parts, { isVerbatim, chip }) {
  const { citations, text } = mark(parts, isVerbatim);
  const inline = (/** @type {string} */ line) => inlineNodes(line, citations, chip, !isVerbatim);
  return isVerbatim ? verbatimBlocks(text, inline) : markdownBlocks(text, inline);
}

/**
 * @param {string} text
 * @param {Citation[]} citations
 * @param {(citation: Citation) => Node} chip
 * @param {boolean} isMarkdown
 * @returns {Node[]}
 */
function inlineNodes(text, citations, chip, isMarkdown) {
  const nodes = [];
  for (const piece of text.split(isMarkdown ? INLINE : VERBATIM)) {
    const found = CHIPS.exec(piece);
    if (!piece) continue;
    if (found && piece === found[0]) nodes.push(document.createTextNode("\u00A0"), chip(citations[Number(found[1])]));
    else if (piece[0] === KEY) nodes.push(h("strong", { class: "answer-key" }, piece.slice(1, -1)));
    else if (!isMarkdown || !INLINE.test(piece)) nodes.push(document.createTextNode(piece));
    else if (piece[0] === "`") nodes.push(h("code", {}, piece.slice(1, -1)));
    else {
      const isStrong = piece.startsWith("**") || piece.startsWith("__");
      const inner = isStrong ? piece.slice(2, -2) : piece.slice(1, -1);
      nodes.push(h(isStrong ? "strong" : "em", {}, inlineNodes(inner, citations, chip, true)));
    }
  }
  return nodes;
}

/**
 * Render the built-in model's lines: a recording's label, then its quotations.
 * @param {string} text
 * @param {(line: string) => Node[]} inline
 */
function verbatimBlocks(text, inline) {
  const lines = text.split("\n").filter((line) => line.trim());
  const isCited = (/** @type {string | undefined} */ line) => line !== undefined && CHIPS.test(line);
  return lines.map((line, index) => {
    if (!isCited(line) && isCited(lines[index + 1])) return h("p", { class: "answer-label" }, inline(line));
    const said = /^([^:“\uE000]{1,128}): (?=“)/.exec(line);
    if (!said || !isCited(line)) return h("p", {}, inline(line));
    return h("p", {}, h("span", { class: "answer-speaker" }, `${said[1]}: `), inline(line.slice(said[0].length)));
  });
}

/** @type {[RegExp, string][]} */
const LISTS = [[/^\s*[-*•]\s+/, "ul"], [/^\s*\d{1,3}[.)]\s+/, "ol"]];

/**
 * @param {string} text
 * @param {(line: string) => Node[]} inline
 */
function markdownBlocks(text, inline) {
  /** @type {HTMLElement[]} */ const blocks = [];
  /** @type {HTMLElement | null} */ let fence = null;
  let isNew = true;
  for (const line of text.split("\n")) {
    if (/^\s*```/.test(line)) {
      fence = fence ? null : blocks[blocks.push(h("pre")) - 1];
      isNew = true;
    } else if (fence) fence.append(...inline(line), "\n");
    else if (!line.trim()) isNew = true;
    else {
      addLine(blocks, line, inline, isNew);
      isNew = false;
    }
  }
  return blocks;
}

/**
 * @param {HTMLElement[]} blocks
 * @param {string} line
 * @param {(line: string) => Node[]} inline
 * @param {boolean} isNew after an empty line
 */
function addLine(blocks, line, inline, isNew) {
  const last = blocks.at(-1);
  const heading = /^#{1,6}\s+(.*)$/.exec(line);
  if (heading) return blocks.push(h("p", { class: "answer-heading" }, inline(heading[1])));
  if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) return blocks.push(h("hr"));
  for (const [pattern, tag] of LISTS) {
    if (!pattern.test(line)) continue;
    const list = last?.localName === tag ? last : blocks[blocks.push(h(tag)) - 1];
    return list.append(h("li", {}, inline(line.replace(pattern, ""))));
  }
  const quote = /^>\s?(.*)$/.exec(line);
  const tag = quote ? "blockquote" : "p";
  const words = inline(quote ? quote[1] : line);
  if (!isNew && last?.localName === tag && !last.className) return last.append(h("br"), ...words);
  if (!isNew && last?.lastElementChild?.localName === "li") return last.lastElementChild.append(" ", ...words);
  return blocks.push(h(tag, {}, words));
}

/** What controls a terminal or reorders text, as `earmark.text.printable` has it. */
// eslint-disable-next-line no-control-regex
const UNPRINTABLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** Replace characters that control a terminal or reorder text. @param {string} text */
export const printable = (text) => text.replace(UNPRINTABLE, "\uFFFD");

/**
 * Return an answer as Markdown, with labelled citations.
 * @param {Part[]} parts
 * @param {(citation: Citation) => string} label
 */
export function markdownOf(parts, label) {
  const { citations, text } = mark(parts, true);
  const marked = text.replace(/[\uE002\uE003]/g, "**").replace(/\uE000(\d+)\uE001/g, (_, index) => ` [${label(citations[Number(index)])}]`);
  return printable(marked).trim();
}
