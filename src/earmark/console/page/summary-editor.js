// A form to correct a summary: a text field for each text, with buttons to add and remove items.

import { fill, h, icon, iconButton } from "./dom.js";
import { strings } from "./strings.js";
import { titleOf } from "./summary-fields.js";

const words = strings.summary;
const WIDE = 90;

/** @typedef {{element: HTMLElement | null, read: () => any}} Editor `read` returns the value as it was edited */

/**
 * A form for a summary's output.
 * @param {Record<string, any>} output
 * @param {{onsave: (output: Record<string, any>) => void, oncancel: () => void}} actions
 */
export function summaryEditor(output, { onsave, oncancel }) {
  const editor = editFields(output);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    onsave(editor.read());
  };
  return h("form", { class: "summary-editor", onsubmit: submit }, h("p", { class: "muted" }, words.editHint), editor.element,
    h("div", { class: "dialog-foot" }, h("button", { type: "button", onclick: oncancel }, strings.cancel),
      h("button", { type: "submit", class: "primary" }, words.save)));
}

/** @param {Record<string, any>} values @returns {Editor} */
function editFields(values) {
  const editors = Object.entries(values).map(([name, value]) => ({ name, editor: edit(value, titleOf(name)) }));
  const shown = editors.filter(({ editor }) => editor.element);
  return {
    element: h("div", { class: "edit-fields" }, shown.map(({ name, editor }) =>
      h("fieldset", {}, h("legend", {}, titleOf(name)), editor.element))),
    read: () => Object.fromEntries(editors.map(({ name, editor }) => [name, editor.read()])),
  };
}

/** @param {any} value @param {string} label @returns {Editor} */
function edit(value, label) {
  if (typeof value === "string") return editText(value, label);
  if (Array.isArray(value)) return editList(value, label);
  if (typeof value === "object" && value !== null && !("start_ms" in value)) return editFields(value);
  if (typeof value?.title === "string") {
    const title = editText(value.title, label);
    return { element: title.element, read: () => ({ ...value, title: title.read() }) };
  }
  return { element: null, read: () => value }; // numbers and the like, which people don't correct
}

/** @param {string} value @param {string} label @returns {Editor} */
function editText(value, label) {
  const field = h("textarea", { "aria-label": label, rows: Math.min(8, Math.max(1, Math.ceil(value.length / WIDE))), value });
  return { element: field, read: () => (field.value === value.replace(/\r\n?/g, "\n") ? value : field.value.trim()) };
}

/** @param {any[]} values @param {string} label @returns {Editor} */
function editList(values, label) {
  /** @type {{editor: Editor, row: HTMLElement}[]} */ let rows = [];
  const list = h("ul", {});
  const append = (/** @type {any} */ value) => {
    const name = words.item(label, list.childElementCount + 1);
    const editor = edit(value, name);
    const row = h("li", { class: "field-row" }, editor.element, iconButton("trash", words.removeItem(name), () => remove(row)));
    rows.push({ editor, row });
    list.append(row);
    return row;
  };
  const add = h("button", { type: "button", class: "quiet", onclick: () => append("").querySelector("textarea")?.focus() }, icon("plus"), words.add);
  const remove = (/** @type {HTMLElement} */ gone) => {
    rows = rows.filter(({ row }) => row !== gone);
    gone.remove();
    add.focus();
  };
  values.forEach(append);
  const element = h("div", {});
  const isOfTexts = values.every((one) => typeof one === "string"); // a chapter needs a time, so none can be added
  fill(element, list, isOfTexts ? add : null);
  return { element, read: () => rows.map(({ editor }) => editor.read()).filter((one) => one !== "") };
}
