// Renaming, inviting and erasing a person of the project.

import { nameOf } from "./account.js";
import { call } from "./api.js";
import { ask, askText } from "./ask-dialog.js";
import { problemOf } from "./bring.js";
import { commandLine, copyable } from "./copyable.js";
import { h } from "./dom.js";
import { strings } from "./strings.js";
import { say } from "./undo.js";

const words = strings.people;

/**
 * @param {any} user
 * @param {(user: any) => void} done called with the renamed person
 */
export async function renamePerson(user, done) {
  const name = await askText({ title: words.rename, label: words.name, value: user.name ?? "" });
  if (name && name !== user.name) await send(async () => done(await call(`/end-users/${user.id}`, { method: "PATCH", body: { name } })));
}

/** The command that invites a person. @param {any} user */
export const inviting = (user) =>
  copyable(commandLine("earmark", "console-link", "--project", user.project_id, "--end-user", user.external_id ?? user.id), words.copy);

/** @param {any} user */
export async function invitePerson(user) {
  const body = h("div", { class: "share-form" }, h("p", { class: "muted" }, words.inviteLead), inviting(user));
  await ask(words.inviteTitle(nameOf(user)), body, strings.close, () => "yes", () => {}, { isTold: true });
}

/**
 * Erase a person with all they have, once their name has been typed.
 * @param {any} user
 * @param {() => void} done
 */
export async function erasePerson(user, done) {
  const name = nameOf(user);
  const field = h("input", { id: "erase-name", autocomplete: "off", required: true, spellcheck: "false", oninput: () => check() });
  const check = () => field.setCustomValidity(field.value.trim() === name.trim() ? "" : words.eraseMismatch);
  const body = h("div", { class: "share-form" }, h("p", { class: "muted" }, words.eraseText),
    h("label", { for: "erase-name" }, words.eraseConfirm(name)), field);
  check();
  if (!(await ask(words.eraseTitle(name), body, words.eraseButton, () => "yes", () => field.focus()))) return;
  await send(async () => {
    await call(`/end-users/${user.id}`, { method: "DELETE" });
    say(words.erased(name));
    done();
  });
}

/** @param {() => Promise<void>} work */
async function send(work) {
  try {
    await work();
  } catch (error) {
    say(problemOf(error), undefined, 15_000);
  }
}
