// Shares a chat, a recording or a part of one: a dialog that creates a link and shows it once.

import { call, newRequestKey } from "./api.js";
import { ask } from "./ask-dialog.js";
import { problemOf } from "./bring.js";
import { copyable } from "./copyable.js";
import { h } from "./dom.js";
import { strings } from "./strings.js";
import { atTime, longDate } from "./time.js";
import { say } from "./undo.js";

const words = strings.share;
const DAY_MS = 86_400_000;
const LIVES = [1, 7, 30, 90, 365];
const USUAL_DAYS = 7;
const TIME = "(\\d{1,3}[:.])?\\d{1,3}[:.]\\d{2}";
const HERE = /^(localhost|127\.[\d.]+|\[::1\])$/;

/** The milliseconds of a time such as 1:02:05. @param {string} text */
function parseTime(text) {
  return text.split(/[:.]/).reduce((seconds, part) => seconds * 60 + Number(part), 0) * 1000;
}

/** @param {any} session */
export function shareChat(session) {
  return create(words.chatTitle, { session_id: session.id }, [h("p", { class: "muted" }, words.chatLead)], () => ({}), () => words.shows.chat);
}

/**
 * Share a recording; the dialog begins with the marked segment.
 * @param {any} recording
 * @param {{start: number, end: number}} [marked] seconds
 */
export function shareRecording(recording, marked) {
  const span = marked ? [atTime(marked.start * 1000), atTime(Math.max(Math.ceil(marked.end), Math.floor(marked.start) + 1) * 1000)] : ["", ""];
  const times = [words.from, words.until].map((label, at) =>
    h("input", { "aria-label": label, placeholder: label, value: span[at], pattern: TIME, title: words.wrongTime, autocomplete: "off", size: 8 }));
  const [from, until] = times;
  const check = () => {
    const isWrong = (from.value === "") !== (until.value === "") || (from.value && parseTime(from.value) >= parseTime(until.value));
    until.setCustomValidity(isWrong ? words.both : "");
  };
  for (const one of times) one.addEventListener("input", check);
  const audio = h("input", { type: "checkbox", id: "share-audio" });
  const body = [h("p", { class: "muted" }, words.recordingLead), h("div", { class: "share-part" }, times),
    h("p", { class: "muted" }, words.part),
    recording.media?.length ? h("label", { class: "check" }, audio, words.audio) : null];
  return create(words.recordingTitle, { recording_id: recording.id }, body, () => ({
    with_audio: audio.checked,
    ...(from.value ? { start_ms: parseTime(from.value), end_ms: parseTime(until.value) } : {}),
  }), () => (from.value ? words.shows.part(from.value, until.value) : words.shows.recording));
}

/**
 * @param {string} title
 * @param {object} what
 * @param {(Node | null)[]} parts
 * @param {() => object} chosen
 * @param {() => string} shows what the link shows
 */
async function create(title, what, parts, chosen, shows) {
  const days = h("select", { id: "share-days" }, LIVES.map((n) => h("option", { value: n }, words.dayCounts(n))));
  days.value = String(USUAL_DAYS);
  const form = h("div", { class: "share-form" }, parts, h("label", { for: "share-days" }, words.life), days);
  let body = /** @type {object | null} */ (null);
  const answer = () => {
    body = { ...what, ...chosen(), expires_at: new Date(Date.now() + Number(days.value) * DAY_MS).toISOString() };
    return "yes";
  };
  if ((await ask(title, form, words.create, answer, () => days.focus())) === null) return;
  try {
    const made = await call("/shares", { method: "POST", body, headers: { "Idempotency-Key": newRequestKey() } });
    const isHere = HERE.test(new URL(made.url, location.href).hostname);
    const shown = h("div", { class: "share-form" }, h("p", {}, `${shows()} ${words.ends(longDate(made.expires_at))}`),
      h("p", { class: "muted" }, isHere ? words.madeHere : words.made), copyable(made.url, words.copy));
    await ask(title, shown, words.done, () => "yes", () => {}, { isTold: true });
  } catch (error) {
    say(problemOf(error));
  }
}
