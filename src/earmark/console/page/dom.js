// Creates elements. Text becomes only text nodes and attributes; nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, any>} Attributes `on…` are listeners; `class`, `aria-…` and others are attributes */

/**
 * Set attributes and listeners.
 * @param {Element} element
 * @param {Attributes} attributes
 */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "indeterminate") Reflect.set(element, name, value);
    else if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** @param {Child[]} children */
const present = (children) =>
  children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false)
    .map((one) => (one instanceof Node ? one : String(one)));

/**
 * Create an element with attributes and children.
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  set(element, attributes);
  element.append(...present(/** @type {Child[]} */ (children)));
  return element;
}

/**
 * Create an SVG element.
 * @param {string} tag
 * @param {Attributes} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  set(element, attributes);
  element.append(...present(/** @type {Child[]} */ (children)));
  return element;
}

/**
 * Replace an element's children.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...present(/** @type {Child[]} */ (children)));
}

const FOCUSABLE = "a[href], button:not([disabled]), input, textarea, select, summary, [tabindex='0']";

/**
 * Change an element's children and restore the focus to the element at the same position.
 * @param {Element} element
 * @param {() => void} change
 */
export function keepingFocus(element, change) {
  const at = [...element.querySelectorAll(FOCUSABLE)].indexOf(/** @type {Element} */ (document.activeElement));
  change();
  if (at < 0) return;
  const now = /** @type {HTMLElement[]} */ ([...element.querySelectorAll(FOCUSABLE)]);
  now[Math.min(at, now.length - 1)]?.focus({ preventScroll: true });
}

/** Icons by name: stroked paths in a 20 by 20 square. */
const ICONS = {
  ask: "M3 5.5A2.5 2.5 0 0 1 5.5 3h9A2.5 2.5 0 0 1 17 5.5v6a2.5 2.5 0 0 1-2.5 2.5H9l-4 3v-3.1A2.5 2.5 0 0 1 3 11.500z",
  recordings: "M3 8v4M6.5 5v10M10 3v14M13.5 6v8M17 8.500v3",
  decisions: "M3.500 5.500 5 7l2.500-3M3.500 13 5 14.500l2.500-3M11 6h6M11 13.500h6",
  search: "M8.5 14a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM12.5 12.5 17 17",
  overview: "M3 17h14M5 14V9M9 14V4M13 14v-3M17 14V7",
  plus: "M10 4v12M4 10h12",
  close: "M5 5l10 10M15 5 5 15",
  back: "M12 4l-6 6 6 6",
  more: "M4 10h.01M10 10h.01M16 10h.01",
  edit: "M4 16l.800-3.500L13 4.300l2.7 2.7-8.2 8.200z",
  trash: "M4 6h12M8 6V4h4v2M6 6l.700 10h6.600L14 6",
  download: "M10 3v9M6.5 9 10 12.5 13.5 9M4 16h12",
  copy: "M7 7h9v9H7zM4 13V4h9",
  send: "M10 16V4M5 9l5-5 5 5",
  stop: "M6 6h8v8H6z",
  play: "M6 4l10 6-10 6z",
  pause: "M7 4v12M13 4v12",
  back15: "M4.5 8A6 6 0 1 1 4 11M4 4v4h4M10 8v3l2 1",
  ahead15: "M15.5 8A6 6 0 1 0 16 11M16 4v4h-4M10 8v3l-2 1",
  again: "M15.5 8A6 6 0 1 0 16 11M16 4v4h-4",
  folder: "M3 6a1 1 0 0 1 1-1h4l2 2h6a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1z",
  person: "M10 10a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.400zM4 17c.500-3.5 2.8-5 6-5s5.5 1.5 6 5",
  out: "M8 4H4v12h4M12 6.5 15.5 10 12 13.500M15 10H8",
  filter: "M3 5h14M6 10h8M8.5 15h3",
  theme: "M10 3a7 7 0 1 0 0 14zM10 3a7 7 0 0 1 0 14",
  code: "M7 6l-4 4 4 4M13 6l4 4-4 4",
  up: "M5 12l5-5 5 5",
  down: "M5 8l5 5 5-5",
  quote: "M4 14c2 0 3-1.5 3-4V6H4v4h3M12 14c2 0 3-1.5 3-4V6h-3v4h3",
  file: "M5 3h7l4 4v10H5zM12 3v4h4",
  microphone: "M10 3a2.500 2.500 0 0 1 2.500 2.500v4a2.500 2.500 0 0 1-5 0v-4A2.500 2.500 0 0 1 10 3zM5 9.500a5 5 0 0 0 10 0M10 14.500V17",
};

/**
 * @param {keyof typeof ICONS} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const path = svg("path", { d: ICONS[name] });
  return svg("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, path);
}

/**
 * A button with an icon and an accessible name.
 * @param {keyof typeof ICONS} name
 * @param {string} label
 * @param {(event: MouseEvent) => void} onclick
 * @param {Attributes} [more]
 */
export function iconButton(name, label, onclick, more = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...more }, icon(name));
}
