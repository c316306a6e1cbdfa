// The dialog that asks for a speaker's name.

import { ask } from "./ask-dialog.js";
import { h } from "./dom.js";
import { personPath } from "./router.js";
import { strings } from "./strings.js";

const words = strings.correcting;

/**
 * @param {string} name as it is
 * @param {string[]} others the other speakers of the transcript; giving one's name merges the two
 * @param {boolean} isLabel whether a machine wrote the name: another person may have it in each recording
 * @returns {Promise<{name: string, isEverywhere: boolean} | null>} null when cancelled
 */
export async function askSpeaker(name, others, isLabel) {
  const list = h("datalist", { id: "speaker-names" }, others.map((one) => h("option", { value: one })));
  const note = h("p", { class: "muted", role: "status" });
  const field = h("input", {
    value: name, maxlength: 128, "aria-label": words.name, required: true, list: "speaker-names", autocomplete: "off",
    oninput: () => { note.textContent = others.includes(field.value.trim()) ? words.willMerge(name, field.value.trim()) : ""; },
  });
  const everywhere = h("input", { type: "checkbox" });
  const body = h("div", { class: "speaker-form" }, field, list, note, isLabel ? h("p", { class: "hint" }, words.hereOnly) : h("label", {}, everywhere, words.everywhere),
    h("p", {}, h("a", { href: personPath(name), onclick: (/** @type {Event} */ event) => /** @type {Element} */ (event.target).closest("dialog")?.close() }, strings.person.all(name))));
  const given = await ask(words.rename(name), body, strings.save, () => field.value.trim() || null, () => field.select());
  return given === null ? null : { name: given, isEverywhere: everywhere.checked };
}
