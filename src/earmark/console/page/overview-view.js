// Statistics of the library: recordings, chats, questions, tokens.

import { call, callIfThere, query } from "./api.js";
import { endUserId } from "./account.js";
import { beside } from "./beside-panel.js";
import { dayChart, nameChart } from "./charts.js";
import { fill, h } from "./dom.js";
import { numeral } from "./locale.js";
import { empty, loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { isoDay } from "./time.js";

const words = strings.overview;
const DAYS = 30;
const DAY_MS = 86_400_000;
const MOST_PAGES = 30;

/**
 * Fetch all rows of a list, up to a limit, so that the page remains fast.
 * @param {string} path
 * @param {Record<string, any>} asked
 */
async function walk(path, asked) {
  /** @type {any[]} */ const rows = [];
  let cursor = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await call(`${path}${query({ ...asked, limit: 100, cursor })}`, { isQuiet: page > 0 });
    rows.push(...answer.data);
    if (!answer.has_more) return { rows, isAll: true };
    cursor = answer.next_cursor;
  }
  return { rows, isAll: false };
}

/** @returns {string[]} the last days, in UTC as the API counts them */
const lastDays = () => Array.from({ length: DAYS }, (_, index) => isoDay(new Date(Date.now() - (DAYS - 1 - index) * DAY_MS)));

export class OverviewView extends HTMLElement {
  async show() {
    beside().close();
    document.title = `${words.title} · ${strings.product}`;
    this.body = h("div", { class: "overview" }, loading());
    fill(this, h("div", { class: "page scrolls" }, h("header", { class: "page-head" }, h("h1", { tabindex: "-1" }, words.title)), this.body));
    try {
      const days = lastDays();
      const end_user_id = endUserId();
      const usage = callIfThere(`/usage${query({ end_user_id, from: days[0], to: days[DAYS - 1] })}`);
      const [recordings, sessions, used] = await Promise.all([
        walk("/recordings", { end_user_id }), walk("/ask/sessions", { end_user_id, active_after: `${days[0]}T00:00:00Z` }), usage]);
      this.#draw(days, recordings, sessions, used);
    } catch (error) {
      fill(this.body, statusLine(/** @type {Error} */ (error), () => void this.show()));
    }
  }

  /** @param {string[]} days @param {{rows: any[], isAll: boolean}} recordings @param {{rows: any[], isAll: boolean}} sessions @param {any} usage */
  #draw(days, recordings, sessions, usage) {
    if (!recordings.rows.length && !sessions.rows.length) return fill(this.body, empty(words.empty, words.emptyLead));
    const hours = recordings.rows.reduce((sum, one) => sum + (one.duration_ms ?? 0), 0) / 3_600_000;
    const more = (/** @type {boolean} */ isAll) => (isAll ? "" : "+");
    const made = sessions.rows.filter((one) => one.created_at.slice(0, 10) >= days[0]);
    const charts = [this.#daily(days, words.sessionsADay, made.map((one) => [one.created_at.slice(0, 10), 1]), words.sessions)];
    if (usage) {
      charts.push(this.#daily(days, words.questionsADay, usage.data.map((/** @type {any} */ row) => [row.day, row.answers]), words.questions));
      charts.push(this.#models(usage.data));
    }
    fill(this.body, h("dl", { class: "figures" },
      this.#figure(words.recordings, `${numeral(recordings.rows.length)}${more(recordings.isAll)}`),
      this.#figure(words.hours, `${numeral(hours, { maximumFractionDigits: 1 })}${more(recordings.isAll)}`),
      this.#figure(words.sessionsLately, `${numeral(made.length)}${more(sessions.isAll)}`),
      usage ? this.#figure(words.answersLately, numeral(usage.totals.answers)) : null),
      h("div", { class: "charts" }, charts), usage ? null : h("p", { class: "muted" }, words.noUsage));
  }

  /** @param {string} name @param {string} value */
  #figure(name, value) {
    return h("div", {}, h("dt", { class: "muted" }, name), h("dd", {}, value));
  }

  /** @param {string[]} days @param {string} title @param {[string, number][]} counted @param {string} unit */
  #daily(days, title, counted, unit) {
    const byDay = new Map(days.map((day) => [day, 0]));
    for (const [day, value] of counted) if (byDay.has(day)) byDay.set(day, (byDay.get(day) ?? 0) + value);
    const total = [...byDay.values()].reduce((sum, value) => sum + value, 0);
    const most = Math.max(...byDay.values());
    return dayChart({ title, text: words.inDays(total, unit, DAYS) + (most ? words.atMost(most) : ""), columns: [words.day, unit], bars: [...byDay].map(([label, value]) => ({ label, value })) });
  }

  /** @param {any[]} rows */
  #models(rows) {
    /** @type {Map<string, number>} */ const byModel = new Map();
    for (const { model, provider, input_tokens, output_tokens } of rows) {
      const name = [provider, model].filter(Boolean).join(" · ");
      byModel.set(name, (byModel.get(name) ?? 0) + input_tokens + output_tokens);
    }
    const bars = [...byModel].map(([label, value]) => ({ label, value })).sort((a, b) => b.value - a.value);
    const total = bars.reduce((sum, bar) => sum + bar.value, 0);
    return nameChart({ title: words.tokensByModel, text: words.inDays(total, words.tokens, DAYS), columns: [words.model, words.tokens], bars });
  }
}

customElements.define("overview-view", OverviewView);
