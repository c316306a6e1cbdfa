// Dialogs: text input, confirmation, choice.

import { h } from "./dom.js";
import { strings } from "./strings.js";

/**
 * Ask for a line of text.
 * @param {{title: string, label: string, value?: string, button?: string}} asked
 * @returns {Promise<string | null>} null when cancelled
 */
export function askText({ title, label, value = "", button = strings.save }) {
  const field = h("input", { value, maxlength: 255, "aria-label": label, required: true });
  return ask(title, field, button, () => field.value.trim() || null, () => field.select());
}

/**
 * Ask for confirmation.
 * @param {{title: string, text: string, button: string}} asked
 * @returns {Promise<boolean>}
 */
export async function askSure({ title, text, button }) {
  return (await ask(title, h("p", { class: "muted" }, text), button, () => "yes", () => {})) !== null;
}

/**
 * Ask to choose one of a few options.
 * @param {{title: string, options: {value: string, label: string}[], button?: string}} asked
 * @returns {Promise<string | null>}
 */
export function askChoice({ title, options, button = strings.save }) {
  const select = h("select", { "aria-label": title, size: Math.min(8, Math.max(3, options.length)) },
    options.map(({ value, label }) => h("option", { value }, label)));
  select.selectedIndex = 0;
  return ask(title, select, button, () => select.value || null, () => select.focus());
}

/**
 * Ask with a form of any content.
 * @param {string} title
 * @param {HTMLElement} body
 * @param {string} button
 * @param {() => string | null} answer
 * @param {() => void} ready
 * @param {{isTold?: boolean}} [options] `isTold`: there is nothing to cancel
 * @returns {Promise<string | null>}
 */
export function ask(title, body, button, answer, ready, { isTold = false } = {}) {
  const from = /** @type {HTMLElement | null} */ (document.activeElement);
  return new Promise((done) => {
    let result = /** @type {string | null} */ (null);
    const finish = (/** @type {Event} */ event) => {
      event.preventDefault();
      result = answer();
      dialog.close();
    };
    const dialog = h("dialog", { "aria-labelledby": "ask-dialog-title", class: "ask-dialog" }, h("form", { onsubmit: finish },
      h("h2", { id: "ask-dialog-title" }, title), body,
      h("div", { class: "dialog-foot" }, isTold ? null : h("button", { type: "button", onclick: () => dialog.close() }, strings.cancel),
        h("button", { type: "submit", class: "primary" }, button))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (from?.isConnected) from.focus();
      done(result);
    });
    document.body.append(dialog);
    dialog.showModal();
    ready();
  });
}
