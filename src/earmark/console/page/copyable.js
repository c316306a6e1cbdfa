// A command or a key with a button that copies it.

import { h, icon } from "./dom.js";
import { copyText } from "./session-actions.js";

/** Quote a text for a POSIX shell, if that needs it. @param {string} text */
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** @param {...string} parts */
export const commandLine = (...parts) => parts.map(quoted).join(" ");

/** @param {string} text @param {string} label */
export const copyable = (text, label) =>
  h("div", { class: "copyable" }, h("pre", { tabindex: "0" }, text),
    h("button", { type: "button", class: "quiet", onclick: () => void copyText(text) }, icon("copy"), label));
