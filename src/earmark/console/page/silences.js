// Where nobody speaks: the gaps between the segments of a transcript.

const LEAST_MS = 1_500;
const BEFORE_MS = 300;

/** @typedef {[number, number]} Silence from and to, in ms */

/**
 * The gaps worth skipping; a little of each is left before the next words.
 * @param {{start: number, end: number}[]} segments in seconds, ordered by start
 * @returns {Silence[]}
 */
export function silencesIn(segments) {
  /** @type {Silence[]} */ const found = [];
  let spokenUntil = 0;
  for (const { start, end } of segments) {
    const from = start * 1000;
    if (from - spokenUntil >= LEAST_MS) found.push([spokenUntil, from - BEFORE_MS]);
    spokenUntil = Math.max(spokenUntil, end * 1000);
  }
  return found;
}

/**
 * Where to go on from a moment: after the silence that it is in, else the moment itself.
 * @param {Silence[]} silences
 * @param {number} ms
 */
export function afterSilence(silences, ms) {
  const found = silences.find(([from, to]) => ms >= from && ms < to);
  return found ? found[1] : ms;
}
