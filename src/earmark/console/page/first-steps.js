// What to do in an empty library: add recordings, import, connect an app, invite a person.

import { account, endUserId, leaveEndUser } from "./account.js";
import { commandLine, copyable } from "./copyable.js";
import { h, icon } from "./dom.js";
import { strings } from "./strings.js";

const words = strings.steps;

/** @param {Parameters<typeof icon>[0]} picture @param {string} title @param {string} text @param {...any} actions */
const step = (picture, title, text, ...actions) =>
  h("li", {}, h("h2", {}, icon(picture), title), h("p", { class: "muted" }, text), actions);

/** @param {any} user */
export const importCommand = (user) =>
  `earmark import FILE… ${commandLine("--project", user.project_id ?? "PROJECT", "--end-user", user.external_id ?? user.id)}`;

const createRecording = () => [
  `curl -s "${location.origin}/v1/recordings"`, '-H "Authorization: Bearer $EARMARK_KEY"',
  '-H "Content-Type: application/json"', `-d '{"end_user_id":"${endUserId()}","name":"Weekly call"}'`,
].join(" \\\n  ");

/**
 * @param {HTMLElement} chooseFiles the button that opens the file chooser
 * @returns {HTMLElement}
 */
export const firstSteps = (chooseFiles) => h("ol", { class: "first-steps" },
  step("plus", words.bring, words.bringText, chooseFiles),
  step("download", words.command, words.commandText, copyable(importCommand(account.endUser), words.copy)),
  step("code", words.app, words.appText, copyable(createRecording(), words.copy), h("a", { href: "/docs", target: "_blank" }, words.docs)),
  step("person", words.person, words.personText, h("button", { type: "button", onclick: () => leaveEndUser({ isAdding: true }) }, words.personButton)));
