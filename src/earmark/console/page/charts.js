// SVG bar charts, each with an accessible table of its numbers.

import { h, svg } from "./dom.js";
import { numeral } from "./locale.js";
import { strings } from "./strings.js";
import { longDate } from "./time.js";

const STEP = 10;
const HEIGHT = 100;

/** @typedef {{label: string, value: number}} Bar */

/** @param {string} title @param {string} text @param {Node} picture @param {Bar[]} bars @param {[string, string]} columns */
function figure(title, text, picture, bars, columns) {
  const table = h("table", {}, h("caption", { class: "sr-only" }, title), h("thead", {}, h("tr", {}, columns.map((one) => h("th", { scope: "col" }, one)))),
    h("tbody", {}, bars.map(({ label, value }) => h("tr", {}, h("th", { scope: "row" }, label), h("td", {}, numeral(value))))));
  return h("figure", { class: "chart" }, h("figcaption", {}, h("h2", {}, title), h("p", { class: "muted" }, text)), picture,
    h("details", {}, h("summary", {}, strings.overview.table), h("div", { class: "chart-table", tabindex: "0", role: "region", "aria-label": title }, table)));
}

/**
 * A chart with one bar per day.
 * @param {{title: string, text: string, bars: Bar[], columns: [string, string]}} chart
 */
export function dayChart({ title, text, bars, columns }) {
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  const drawn = bars.map(({ label, value }, index) => {
    const height = Math.max(value ? 2 : 0.7, (value / most) * HEIGHT);
    const bar = svg("rect", { class: value ? "bar" : "track", x: index * STEP + 1, y: (HEIGHT - height).toFixed(1), width: STEP - 2, height: height.toFixed(1) });
    bar.append(svg("title", {}, `${label}: ${value}`));
    return bar;
  });
  const picture = svg("svg", { viewBox: `0 0 ${bars.length * STEP} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `${title}. ${text}` }, drawn);
  const feet = h("div", { class: "chart-feet muted", "aria-hidden": "true" }, h("span", {}, longDate(bars[0].label)), h("span", {}, longDate(bars[bars.length - 1].label)));
  return figure(title, text, h("div", {}, picture, feet), bars, columns);
}

/**
 * A chart with one bar per name, longest first.
 * @param {{title: string, text: string, bars: Bar[], columns: [string, string]}} chart
 */
export function nameChart({ title, text, bars, columns }) {
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  const rows = bars.map(({ label, value }) => h("li", {}, h("span", {}, label), h("span", { class: "muted" }, numeral(value)),
    svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: "track", width: 100, height: 8 }), svg("rect", { class: "bar", width: ((value / most) * 100).toFixed(1), height: 8 }))));
  return figure(title, text, h("ul", { class: "chart-rows" }, rows), bars, columns);
}
