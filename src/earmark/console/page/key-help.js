// The keys of the console: what `?` shows, and when a key is meant for the page and not for a field.

import { h } from "./dom.js";
import { strings } from "./strings.js";

const TYPED = "input, textarea, select, [contenteditable], dialog, [popover], .menu";
const PRESSED = "button, a, summary, [role=tab], [role=slider]";

/**
 * Whether a key is for the page: nobody types, chooses or presses something with it.
 * @param {KeyboardEvent} event
 */
export function isForThePage(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false;
  const target = /** @type {Element} */ (event.target);
  if (target.closest(TYPED) || document.querySelector("dialog[open]")) return false;
  return !([" ", "Enter"].includes(event.key) && target.closest(PRESSED));
}

/** Show all keys in a dialog. */
export function showKeys() {
  const from = /** @type {HTMLElement | null} */ (document.activeElement);
  const dialog = h("dialog", { class: "keys-dialog", "aria-labelledby": "keys-title" },
    h("div", { class: "keys-scroll", tabindex: "0", role: "region", "aria-labelledby": "keys-title" },
      h("h2", { id: "keys-title" }, strings.keys.title),
      strings.keys.groups.map(({ title, keys }) => h("section", {}, h("h3", {}, title), h("dl", {},
        keys.map(([names, does]) => h("div", {}, h("dt", {}, names.split(" ").map((name) => h("kbd", {}, name))), h("dd", {}, does))))))),
    h("form", { method: "dialog", class: "dialog-foot" }, h("button", { class: "primary", autofocus: true }, strings.close)));
  dialog.addEventListener("close", () => {
    dialog.remove();
    from?.focus({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** Listen for the keys that work on every page. @param {KeyboardEvent} event */
export function pageKeys(event) {
  if (!isForThePage(event)) return;
  if (event.key === "?") showKeys();
  else if (event.key === "/") {
    const fields = [...document.querySelectorAll("main input[type=search]"), ...document.querySelectorAll(".sessions-find input")];
    const field = /** @type {HTMLElement | undefined} */ (fields.find((one) => one.checkVisibility()));
    if (!field) return;
    field.focus();
  } else return;
  event.preventDefault();
}
