// A virtual list: only visible rows are in the page. Rows may differ in height.

import { h } from "./dom.js";

const MARGIN_PX = 600;

/**
 * @typedef {object} Rows
 * @property {(index: number, width: number) => number} estimate estimated height in pixels of a row not yet rendered
 * @property {(index: number) => HTMLElement} render
 * @property {() => void} [onend] called near the end
 * @property {(first: number, last: number) => void} [onview] called with the visible rows
 */

export class WindowedList extends HTMLElement {
  /** @type {Rows} */ rows = { estimate: () => 40, render: () => h("div") };
  count = 0;
  /** @type {Map<number, HTMLElement>} */ #drawn = new Map();
  #heights = new Float64Array(0);
  #isKnown = new Uint8Array(0);
  #tops = new Float64Array(1);
  #staleFrom = 0;
  #width = 0;
  #isAsked = false;
  #inner = h("div", { class: "windowed-inner", role: "presentation" });

  connectedCallback() {
    if (!this.#inner.isConnected) this.append(this.#inner);
    this.setAttribute("role", "list");
    this.addEventListener("scroll", this.#ask, { passive: true });
    this.addEventListener("focusout", this.#ask);
    this.observer = new ResizeObserver(() => this.#resized());
    this.observer.observe(this);
  }

  disconnectedCallback() {
    this.observer?.disconnect();
  }

  #ask = () => {
    if (this.#isAsked) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      this.draw();
    });
  };

  /**
   * Set the number of rows; rendered rows are rendered again unless rows are only appended.
   * @param {number} count
   * @param {{isMore?: boolean}} [options]
   */
  setCount(count, { isMore = false } = {}) {
    const from = isMore ? Math.min(this.count, count) : 0;
    const heights = new Float64Array(count);
    const isKnown = new Uint8Array(count);
    heights.set(this.#heights.subarray(0, from));
    isKnown.set(this.#isKnown.subarray(0, from));
    this.#width = this.clientWidth;
    for (let i = from; i < count; i++) heights[i] = this.rows.estimate(i, this.#width);
    [this.#heights, this.#isKnown, this.count] = [heights, isKnown, count];
    this.#tops = new Float64Array(count + 1);
    this.#staleFrom = 0;
    if (!isMore) this.#clear();
    this.draw();
  }

  /** Render all visible rows again, in place. */
  refresh() {
    this.#clear();
    this.draw();
  }

  #clear() {
    const focused = this.#focusedIndex();
    for (const row of this.#drawn.values()) row.remove();
    this.#drawn.clear();
    if (focused !== null && focused < this.count) this.#refocus = focused;
  }

  /** @type {number | null} */ #refocus = null;

  #focusedIndex() {
    for (const [index, row] of this.#drawn) if (row.contains(document.activeElement)) return index;
    return null;
  }

  #resized() {
    if (this.clientWidth !== this.#width && this.count) {
      const anchor = this.indexAt(/** @type {HTMLElement} */ (this).scrollTop);
      this.#width = this.clientWidth;
      this.#isKnown.fill(0);
      for (let i = 0; i < this.count; i++) this.#heights[i] = this.rows.estimate(i, this.#width);
      this.#staleFrom = 0;
      this.scrollTop = this.top(anchor);
      this.#drawn.forEach((row) => row.remove());
      this.#drawn.clear();
    }
    this.draw();
  }

  /** @param {number} index @returns {number} */
  top(index) {
    for (; this.#staleFrom < this.count; this.#staleFrom++) {
      this.#tops[this.#staleFrom + 1] = this.#tops[this.#staleFrom] + this.#heights[this.#staleFrom];
    }
    return this.#tops[Math.min(index, this.count)];
  }

  /** @param {number} y @returns {number} the row at this height */
  indexAt(y) {
    this.top(0);
    let [low, high] = [0, Math.max(0, this.count - 1)];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Render the visible rows, measure new ones, and preserve the scroll position. */
  draw() {
    if (!this.isConnected || !this.clientHeight) return;
    const [top, bottom] = [this.scrollTop, this.scrollTop + this.clientHeight];
    const first = this.indexAt(top - MARGIN_PX);
    const last = this.count ? this.indexAt(bottom + MARGIN_PX) : -1;
    const pinned = this.#focusedIndex();
    for (const [index, row] of this.#drawn) {
      if ((index < first || index > last) && index !== pinned) {
        row.remove();
        this.#drawn.delete(index);
      }
    }
    const fresh = this.#addRows(first, last, pinned);
    this.#measure(fresh);
    this.#place();
    this.rows.onview?.(this.indexAt(top), this.count ? this.indexAt(bottom - 1) : -1);
    if (last >= this.count - 1) this.rows.onend?.();
  }

  /** @param {number} first @param {number} last @param {number | null} pinned */
  #addRows(first, last, pinned) {
    const fresh = [];
    let at = this.#inner.firstElementChild;
    if (pinned !== null && pinned < first && at) at = at.nextElementSibling;
    for (let index = first; index <= last; index++) {
      let row = this.#drawn.get(index);
      if (row === at && row) {
        at = row.nextElementSibling;
        continue;
      }
      row = this.rows.render(index);
      row.classList.add("windowed-row");
      row.setAttribute("role", "listitem");
      row.setAttribute("aria-posinset", String(index + 1));
      row.setAttribute("aria-setsize", String(this.rows.onend ? -1 : this.count));
      this.#inner.insertBefore(row, at);
      this.#drawn.set(index, row);
      fresh.push(index);
    }
    if (this.#refocus !== null && this.#drawn.has(this.#refocus)) {
      const row = /** @type {HTMLElement} */ (this.#drawn.get(this.#refocus));
      this.#refocus = null;
      /** @type {HTMLElement} */ (row.querySelector("a, button, [tabindex]") ?? row).focus({ preventScroll: true });
    }
    return fresh;
  }

  /** @param {number[]} fresh */
  #measure(fresh) {
    const anchor = this.indexAt(this.scrollTop);
    const before = this.top(anchor);
    const heights = fresh.map((index) => /** @type {HTMLElement} */ (this.#drawn.get(index)).offsetHeight);
    fresh.forEach((index, i) => {
      if (this.#isKnown[index] && this.#heights[index] === heights[i]) return;
      this.#isKnown[index] = 1;
      if (this.#heights[index] === heights[i]) return;
      this.#heights[index] = heights[i];
      this.#staleFrom = Math.min(this.#staleFrom, index);
    });
    const moved = this.top(anchor) - before;
    this.#inner.style.height = `${this.top(this.count)}px`;
    if (moved) this.scrollTop += moved;
  }

  #place() {
    for (const [index, row] of this.#drawn) row.style.transform = `translateY(${this.top(index)}px)`;
  }

  /** @param {number} index @returns {HTMLElement | undefined} */
  rowAt(index) {
    return this.#drawn.get(index);
  }

  /**
   * Scroll to a row.
   * @param {number} index
   * @param {number} [share] its position in the window, from 0 (top) to 1
   */
  scrollToRow(index, share = 0.3) {
    const place = () => Math.max(0, this.top(index) - this.clientHeight * share);
    this.scrollTop = place();
    this.draw();
    if (Math.abs(this.scrollTop - place()) > 1) {
      this.scrollTop = place();
      this.draw();
    }
  }

  /** Scroll to a row unless it is visible. @param {number} index */
  reveal(index) {
    const [top, bottom] = [this.top(index), this.top(index + 1)];
    if (top < this.scrollTop + 40 || bottom > this.scrollTop + this.clientHeight - 40) this.scrollToRow(index);
  }

  /** Focus a row. @param {number} index */
  focusRow(index) {
    if (index < 0 || index >= this.count) return;
    if (!this.#drawn.has(index)) this.scrollToRow(index, 0.5);
    const row = this.#drawn.get(index);
    /** @type {HTMLElement | null | undefined} */ (row?.querySelector("a, [tabindex]") ?? row)?.focus({ preventScroll: true });
    const [top, bottom] = [this.top(index), this.top(index + 1)];
    if (top < this.scrollTop) this.scrollTop = top;
    else if (bottom > this.scrollTop + this.clientHeight) this.scrollTop = bottom - this.clientHeight;
  }
}

customElements.define("windowed-list", WindowedList);
