// Formats times for people. The API has RFC 3339 times in UTC, and milliseconds in audio.

import { LOCALE, moments, numeral } from "./locale.js";

const DAY_MS = 86_400_000;
const exact = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "medium" });
const day = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short" });
const dayAndYear = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit" });
const relative = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto", style: "short" });

/** @param {string} iso */
export const exactTime = (iso) => exact.format(new Date(iso));

/** @param {string} iso */
export const longDate = (iso) => dayAndYear.format(new Date(iso));

const dayOfPlace = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const monthOfPlace = new Intl.DateTimeFormat(LOCALE, { month: "long", year: "numeric", timeZone: "UTC" });

/** The day of a time as its place has it. @param {string} local 2026-05-20T23:30:00-07:00, or 2026-05-20 */
export const localDay = (local) => dayOfPlace.format(new Date(`${local.slice(0, 10)}T00:00:00Z`));

/** The month of a time as its place has it. @param {string} local */
export const localMonth = (local) => monthOfPlace.format(new Date(`${local.slice(0, 10)}T00:00:00Z`));

/** The hours and minutes of a time as its place has it, "" if only the day is known. @param {string} local */
export const clockOf = (local) => local.slice(11, 16);

/**
 * The time at which a day begins in UTC, as the API takes it; undefined without a day.
 * @param {string} day as a date field has it: 2026-06-25
 * @param {number} [later] days after it
 */
export const dayStart = (day, later = 0) =>
  (day ? new Date(Date.parse(`${day}T00:00:00Z`) + later * DAY_MS).toISOString().replace(".000", "") : undefined);

/**
 * Format a relative time, like a mail program.
 * @param {string} iso
 * @param {Date} [now]
 */
export function ago(iso, now = new Date()) {
  const then = new Date(iso);
  const seconds = Math.round((now.getTime() - then.getTime()) / 1000);
  if (seconds < 45) return moments.now;
  if (seconds < 3600) return relative.format(-Math.max(1, Math.round(seconds / 60)), "minute");
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  if (then >= midnight) return clock.format(then);
  const days = Math.ceil((midnight.getTime() - then.getTime()) / DAY_MS);
  if (days === 1) return moments.yesterday;
  if (days < 7) return relative.format(-days, "day");
  return then.getFullYear() === now.getFullYear() ? day.format(then) : dayAndYear.format(then);
}

/**
 * Format a position or duration in audio: 2:04, 1:02:04.
 * @param {number} ms
 */
export function atTime(ms) {
  const total = Math.floor(ms / 1000);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/**
 * Format a duration in words.
 * @param {number} ms
 */
export function lengthOf(ms) {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return `${Math.max(1, Math.round(ms / 1000))} s`;
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** Format a size in bytes. @param {number} bytes */
export function sizeOf(bytes) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const at = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${numeral(bytes / 1024 ** at, { maximumFractionDigits: 1 })} ${units[at]}`;
}

/** Format a UTC day like the API. @param {Date} date */
export const isoDay = (date) => date.toISOString().slice(0, 10);

/** @param {number} ms */
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
