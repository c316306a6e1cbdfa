// What a reader does at a moment of its recording: its keys, following along, and a link to it.

import { SKIP_S } from "./audio-strip.js";
import { fill, h } from "./dom.js";
import { isForThePage } from "./key-help.js";
import { readingPath } from "./router.js";
import { strings } from "./strings.js";
import { atTime } from "./time.js";
import { say } from "./undo.js";

const words = strings.reading;

/** @typedef {import("./recording-reader.js").RecordingReader} Reader */

/** The moment that a reader is at: the marked segment, or where its audio plays. @param {Reader} reader */
function momentOf(reader) {
  const { lines, audio } = reader;
  const marked = lines && lines.marked >= 0 ? Math.round(lines.segments[lines.marked].start * 1000) : null;
  return (audio?.isPlaying ? audio.at : null) ?? marked ?? audio?.at ?? 0;
}

/** Copy a link to the moment, for those who may read the recording. @param {Reader | undefined} reader */
export async function copyMoment(reader) {
  if (!reader?.recordingId) return;
  const at = momentOf(reader);
  const link = location.origin + readingPath(reader.recordingId, { at });
  try {
    await navigator.clipboard.writeText(link);
    say(words.linkCopied(atTime(at)));
  } catch {
    say(link, undefined, 15_000); // the browser lets no page copy without https
  }
}

export class MomentTools extends HTMLElement {
  /** @param {Reader} reader @param {boolean} hasAudio */
  constructor(reader, hasAudio) {
    super();
    this.reader = reader;
    this.hasAudio = hasAudio;
  }

  connectedCallback() {
    const lines = this.reader.lines;
    if (!this.hasAudio || !lines || this.childElementCount) return;
    const follow = h("button", { type: "button", class: "quiet", "aria-pressed": String(lines.isFollowing), onclick: () => lines.setFollowing(!lines.isFollowing) }, words.follow);
    lines.onfollowing = (isFollowing) => follow.setAttribute("aria-pressed", String(isFollowing));
    fill(this, follow);
  }
}

/**
 * Do what a key stands for, wherever the focus is, unless it is in a field.
 * @param {Reader} reader
 * @param {KeyboardEvent} event
 */
export function pressInReader(reader, event) {
  const { lines, audio } = reader;
  const target = /** @type {Element} */ (event.target);
  const isElsewhere = reader.isCompact ? target !== document.body && !target.closest("beside-panel") : target.closest("session-list, summary-tab");
  if (!isForThePage(event) || isElsewhere) return;
  const keys = /** @type {Record<string, () => void>} */ ({
    " ": () => audio?.toggle(), ArrowLeft: () => void audio?.skip(-SKIP_S), ArrowRight: () => void audio?.skip(SKIP_S),
    "<": () => audio?.changeSpeed(-1), ">": () => audio?.changeSpeed(1), s: () => audio?.toggleSilence(),
    f: () => lines?.setFollowing(!lines.isFollowing), l: () => void copyMoment(reader),
  });
  const does = keys[event.key];
  if (!does) return lines?.press(event);
  event.preventDefault();
  does();
}

customElements.define("moment-tools", MomentTools);
