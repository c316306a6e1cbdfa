// A list of rows that come in pages, with a button for the next one.

import { h } from "./dom.js";

/**
 * Append a page's rows to a list, and a button that appends the next page's.
 * @template T
 * @param {HTMLElement} list
 * @param {{data: T[], has_more: boolean, next_cursor: string | null}} page
 * @param {(one: T) => Node} row
 * @param {(cursor: string | null) => Promise<any>} read the page behind a cursor, or null
 * @param {string} more the button's text
 */
export function appendRows(list, page, row, read, more) {
  list.append(...page.data.map(row));
  if (!page.has_more) return;
  const item = h("li", {}, h("button", { type: "button", class: "small", onclick: async () => {
    const next = await read(page.next_cursor);
    item.remove();
    if (next) appendRows(list, next, row, read, more);
  } }, more));
  list.append(item);
}
