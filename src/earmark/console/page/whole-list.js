// Reads a list of the API to its end.

import { call, query } from "./api.js";

const PAGE = 100;

/**
 * All rows of a list.
 * @param {string} path
 * @param {Record<string, any>} [asked]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any[]>}
 */
export async function every(path, asked = {}, signal = undefined) {
  /** @type {any[]} */ const rows = [];
  let cursor = null;
  do {
    /** @type {any} */ const page = await call(`${path}${query({ ...asked, limit: PAGE, cursor })}`, { isQuiet: true, signal });
    rows.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor);
  return rows;
}
