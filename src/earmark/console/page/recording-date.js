// When a recording was made, by the clock of the place where it was made; and changing it.

import { call } from "./api.js";
import { ask } from "./ask-dialog.js";
import { h } from "./dom.js";
import { fetchRecording, recordingOf } from "./recording-names.js";
import { strings } from "./strings.js";
import { clockOf, localDay, localMonth } from "./time.js";
import { say } from "./undo.js";

const words = strings.dates;

/** @typedef {import("./recording-names.js").Recording} Recording */

/** @param {Recording} recording @returns {string | null} such as 2026-05-20T10:23:45+02:00, or 2026-05-20 */
const localOf = (recording) => recording.recorded_at_local ?? recording.recorded_at;

/** The day of a recording. @param {Recording} recording */
export function dayElement(recording) {
  const local = localOf(recording);
  if (!local) return h("span", { class: "is-undated" }, words.unknown);
  return h("time", { datetime: local, title: exactLocal(local) }, localDay(local));
}

/** @param {string} local */
function exactLocal(local) {
  const [clock, offset] = [clockOf(local), /[+-]\d\d:\d\d$/.exec(local)?.[0]];
  return [localDay(local), clock && `${clock}${offset ? ` (UTC${offset})` : " UTC"}`].filter(Boolean).join(", ");
}

/** The month that a recording is listed under. @param {Recording} recording */
export function monthOf(recording) {
  const local = localOf(recording);
  return local ? localMonth(local) : words.unknown;
}

/** An element that shows the day of a recording once it has loaded. @param {string} id */
export function dayOfRecording(id) {
  const element = h("span", {});
  recordingOf(id).then((recording) => { if (recording) element.append(dayElement(recording)); }, () => {});
  return element;
}

/** @param {number} minutes east of UTC */
function renderOffset(minutes) {
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`;
}

/** A time by the clock of this device, with its offset from UTC. @param {Date} moment */
export function localTime(moment) {
  const minutes = -moment.getTimezoneOffset();
  return new Date(moment.getTime() + minutes * 60_000).toISOString().slice(0, 19) + renderOffset(minutes);
}

/**
 * Change the day and time; the offset of the place stays, or is this browser's on that day where none is known.
 * @param {Recording} recording
 * @returns {Promise<Recording | null>} null if it was not changed
 */
export async function changeDate(recording) {
  const local = localOf(recording) ?? "";
  const day = h("input", { type: "date", id: "date-day", value: local.slice(0, 10), max: "9999-12-31" });
  const clock = h("input", { type: "time", id: "date-time", value: clockOf(local) });
  const offset = /[+-]\d\d:\d\d$/.exec(local)?.[0];
  const form = h("div", { class: "date-form" }, h("label", {}, words.day, day), h("label", {}, words.time, clock),
    h("p", { class: "muted" }, offset ? words.place(offset) : words.noPlace));
  const answer = () => {
    if (!day.value) return "none";
    const given = `${day.value}T${clock.value || "00:00"}:00`;
    return given + (offset ?? renderOffset(-new Date(given).getTimezoneOffset()));
  };
  const given = await ask(words.title, form, strings.save, answer, () => day.focus());
  if (given === null) return null;
  try {
    await call(`/recordings/${recording.id}`, { method: "PATCH", body: { recorded_at: given === "none" ? null : given } });
    return await fetchRecording(recording.id);
  } catch (error) {
    say(/** @type {Error} */ (error).message);
    return null;
  }
}
