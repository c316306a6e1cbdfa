// What the menus of a recording do, in the list and on its own page: add to a folder, delete.

import { ask, askChoice } from "./ask-dialog.js";
import { endUserId } from "./account.js";
import { call } from "./api.js";
import { h } from "./dom.js";
import { forget, nameOfRecording } from "./recording-names.js";
import { sessions } from "./session-store.js";
import { strings } from "./strings.js";
import { say } from "./undo.js";
import { every } from "./whole-list.js";

const words = strings.recordings;

/**
 * Add a recording to a folder that is chosen among the person's.
 * @param {import("./recording-names.js").Recording} recording
 * @param {string | null} [except] the folder it is in
 */
export async function addToFolder(recording, except = null) {
  const folders = (await every("/folders", { end_user_id: endUserId() })).filter((one) => one.id !== except);
  if (!folders.length) return void say(words.noFolders);
  const chosen = await askChoice({ title: words.intoFolder, options: folders.map(({ id, name }) => ({ value: id, label: name })) });
  if (!chosen) return;
  const { name } = await call(`/folders/${chosen}/recordings/${recording.id}`, { method: "PUT" });
  say(words.inFolder(nameOfRecording(recording), name));
}

/**
 * Delete a recording if somebody is sure, and if they want it the chats that quote it.
 * @param {import("./recording-names.js").Recording} recording
 * @returns {Promise<boolean>} whether it was deleted
 */
export async function deleteRecording(recording) {
  const name = nameOfRecording(recording);
  const box = h("input", { type: "checkbox" });
  const body = h("div", { class: "share-form" }, h("p", { class: "muted" }, words.removeText),
    h("label", { class: "check" }, box, words.removeChats));
  if ((await ask(words.removeTitle(name), body, words.removeButton, () => "yes", () => {})) === null) return false;
  const chats = box.checked ? await chatsQuoting(recording.id) : [];
  await call(`/recordings/${recording.id}`, { method: "DELETE" });
  forget(recording.id);
  for (const id of chats) {
    await call(`/ask/sessions/${id}`, { method: "DELETE" });
    sessions.remove(id);
  }
  say(chats.length ? words.removedWithChats(name, chats.length) : words.removed(name));
  return true;
}

/** The ids of the person's chats about a recording, or with an answer that cites it. @param {string} recording */
async function chatsQuoting(recording) {
  /** @type {string[]} */ const found = [];
  for (const one of await every("/ask/sessions", { end_user_id: endUserId() })) {
    if (one.scope.recording_ids.includes(recording) && one.scope.type === "recording") found.push(one.id);
    else if ((await every(`/ask/sessions/${one.id}/messages`)).some((message) => cites(message, recording))) found.push(one.id);
  }
  return found;
}

/** @param {any} message @param {string} recording */
const cites = (message, recording) => message.parts.some((/** @type {any} */ part) => part.recording_id === recording);
