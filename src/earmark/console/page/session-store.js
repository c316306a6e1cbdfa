// The loaded pages of the sessions list, with local changes.

import { call, isAbort, query } from "./api.js";
import { account, endUserId } from "./account.js";
import { isLeaving } from "./undo.js";

/** @typedef {{type: string, recording_ids: string[], recording_title: string | null, folder_id?: string, folder_name?: string, speaker?: string}} Scope */
/** @typedef {{id: string, title: string, scope: Scope, message_count: number, last_message_at: string,
 *   created_at: string, active_turn?: {user_message_id: string} | null}} Session */
/** @typedef {{q: string, scope_type: string, recording_id: string}} Filters */

const FIRST = 30;
const PAGE = 100;

class SessionStore extends EventTarget {
  /** @type {Session[]} */ rows = [];
  /** @type {Filters} */ filters = { q: "", scope_type: "", recording_id: "" };
  /** @type {"loading" | "ready" | Error} */ state = "loading";
  /** @type {string | null} */ #cursor = null;
  #hasMore = true;
  #isLoading = false;
  /** @type {AbortController | null} */ #walk = null;

  /** Reset list and filters for another person. */
  reset() {
    [this.rows, this.state] = [[], "loading"];
    return this.restart({ q: "", scope_type: "", recording_id: "" });
  }

  get isFiltered() {
    return Boolean(this.filters.q || this.filters.scope_type || this.filters.recording_id);
  }

  /** Reload from the newest session, with these filters. @param {Partial<Filters>} [filters] */
  async restart(filters = {}) {
    this.filters = { ...this.filters, ...filters };
    this.#walk?.abort();
    this.#walk = new AbortController();
    [this.#cursor, this.#hasMore, this.#isLoading] = [null, true, false];
    if (!account.endUser) return;
    await this.more(true);
  }

  /** Load the next page, if there is one. @param {boolean} [isFirst] */
  async more(isFirst = false) {
    if (this.#isLoading || !this.#hasMore || !account.endUser) return;
    this.#isLoading = true;
    const signal = this.#walk?.signal;
    try {
      const asked = { limit: isFirst ? FIRST : PAGE, cursor: this.#cursor, end_user_id: endUserId(), ...this.filters };
      const page = await call(`/ask/sessions${query(asked)}`, { signal });
      const known = new Set(isFirst ? [] : this.rows.map((row) => row.id));
      const fresh = page.data.filter((/** @type {Session} */ row) => !known.has(row.id) && !isLeaving(row.id));
      this.rows = isFirst ? fresh : [...this.rows, ...fresh];
      [this.#cursor, this.#hasMore, this.state] = [page.next_cursor, page.has_more, "ready"];
      this.#changed(!isFirst);
    } catch (error) {
      if (isAbort(error)) return;
      this.state = /** @type {Error} */ (error);
      if (isFirst) this.rows = [];
      this.#changed(false);
    } finally {
      if (signal === this.#walk?.signal) this.#isLoading = false;
    }
  }

  /** @param {boolean} isMore whether rows were only appended */
  #changed(isMore) {
    this.dispatchEvent(new CustomEvent("change", { detail: { isMore } }));
  }

  /** Update or insert a session that was created, asked or renamed. @param {Session} session @param {{isActive?: boolean}} [options] */
  put(session, { isActive = false } = {}) {
    const at = this.rows.findIndex((row) => row.id === session.id);
    const rows = this.rows.filter((row) => row.id !== session.id);
    if (isActive && !this.isFiltered) rows.unshift(session);
    else if (at >= 0) rows.splice(at, 0, session);
    else if (isActive) return;
    this.rows = rows;
    this.#changed(false);
  }

  /** Remove a session from the list. @param {string} id @returns {number} its index */
  remove(id) {
    const at = this.rows.findIndex((row) => row.id === id);
    if (at >= 0) this.rows = this.rows.toSpliced(at, 1);
    this.#changed(false);
    return at;
  }

  /** Insert a removed session again. @param {Session} session @param {number} at */
  restore(session, at) {
    this.rows = this.rows.toSpliced(Math.max(0, at), 0, session);
    this.#changed(false);
  }
}

export const sessions = new SessionStore();

/** @param {string} id @param {string} title */
export async function renameSession(id, title) {
  const session = await call(`/ask/sessions/${id}`, { method: "PATCH", body: { title } });
  sessions.put(session);
  return session;
}
