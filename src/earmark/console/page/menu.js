// A menu below a button, using the browser's popover.

import { h, iconButton } from "./dom.js";

let count = 0;

/**
 * A button that opens a menu.
 * @param {string} label the button's name
 * @param {() => {label: string, run: () => void, isDanger?: boolean}[]} items called when it opens
 * @param {Parameters<typeof iconButton>[0]} [drawn]
 */
export function menuButton(label, items, drawn = "more") {
  const id = `menu-${++count}`;
  const list = h("div", { class: "menu", id, popover: "auto", role: "menu", "aria-label": label });
  const button = iconButton(drawn, label, () => {}, { popovertarget: id, "aria-haspopup": "menu", "aria-expanded": "false" });
  const close = () => list.hidePopover();
  list.addEventListener("toggle", (/** @type {any} */ event) => {
    button.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "open") list.querySelector("button")?.focus();
  });
  list.addEventListener("beforetoggle", (/** @type {any} */ event) => {
    if (event.newState !== "open") return;
    list.replaceChildren(...items().map(({ label: text, run, isDanger }) => h("button", {
      type: "button", role: "menuitem", class: isDanger ? "danger" : null, onclick: () => { close(); run(); },
    }, text)));
    place(list, button);
  });
  list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => moveFocus(list, event));
  return h("span", { class: "menu-holder" }, button, list);
}

/** @param {HTMLElement} list @param {HTMLElement} button */
function place(list, button) {
  const at = button.getBoundingClientRect();
  list.style.top = `${Math.min(at.bottom + 4, innerHeight - 220)}px`;
  list.style.left = `${Math.max(8, Math.min(at.right - 200, innerWidth - 228))}px`;
}

/** @param {HTMLElement} list @param {KeyboardEvent} event */
function moveFocus(list, event) {
  const items = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items[(to + items.length) % items.length].focus();
}
