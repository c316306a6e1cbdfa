// A moment of a recording, such as 12:04: a link to it that shows its quote while it is hovered or focused.

import { openBeside } from "./citation-chip.js";
import { fill, h } from "./dom.js";
import { readingPath } from "./router.js";
import { atTime } from "./time.js";

/** @typedef {{recording_id: string, start_ms: number, end_ms: number, quote: string}} Citation */

const LEAVE_MS = 150;
const EDGE_PX = 8;
const hint = h("div", { class: "moment-quote", id: "moment-quote", role: "tooltip", popover: "manual",
  onmouseenter: () => clearTimeout(leaving), onmouseleave: () => hide() });
let leaving = 0;
/** @type {HTMLElement | null} */ let shownFor = null;
addEventListener("scroll", () => shownFor && place(shownFor), { capture: true, passive: true });

/** @param {HTMLElement} link @param {string} quote */
function show(link, quote) {
  clearTimeout(leaving);
  const view = link.closest("main > *") ?? document.body;
  if (hint.parentElement !== view) view.append(hint);
  fill(hint, `“${quote}”`);
  hint.showPopover();
  shownFor = link;
  place(link);
}

/** Put the quote below its link, or above it where there is no room. @param {HTMLElement} link */
function place(link) {
  const [at, size] = [link.getBoundingClientRect(), hint.getBoundingClientRect()];
  const isAbove = at.bottom + size.height + EDGE_PX > innerHeight && at.top > size.height + EDGE_PX;
  hint.style.top = `${isAbove ? at.top - size.height - 4 : at.bottom + 4}px`;
  hint.style.left = `${Math.max(EDGE_PX, Math.min(at.left, innerWidth - size.width - EDGE_PX))}px`;
}

function hide() {
  clearTimeout(leaving);
  shownFor = null;
  if (hint.isConnected) hint.hidePopover();
}

/** Hide the quote soon, unless the pointer moves onto it. */
function leave() {
  leaving = window.setTimeout(hide, LEAVE_MS);
}

/**
 * A link to a moment; clicking it dispatches `open-moment`.
 * @param {Citation} citation
 */
export function momentLink({ recording_id, start_ms, quote }) {
  /** @type {HTMLElement} */ const link = h("a", {
    class: "moment", href: readingPath(recording_id, { at: start_ms }), draggable: "false", "aria-describedby": "moment-quote",
    onclick: (/** @type {MouseEvent} */ event) => { hide(); openBeside(event, recording_id, start_ms); },
    onmouseenter: () => show(link, quote), onfocus: () => show(link, quote), onmouseleave: leave, onblur: hide,
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape" || !hint.matches(":popover-open")) return;
      event.stopPropagation();
      hide();
    },
  }, atTime(start_ms));
  return link;
}

/**
 * Links to the moments of an item, one for each time.
 * @param {Citation[] | undefined} citations
 */
export function momentLinks(citations) {
  const byTime = new Map((citations ?? []).map((one) => [atTime(one.start_ms), one]));
  return [...byTime.values()].flatMap((one) => [" ", momentLink(one)]);
}
