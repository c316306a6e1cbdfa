// A chat's actions: export, copy, delete.

import { open } from "./api.js";
import { saveFile } from "./save-file.js";
import { sessions } from "./session-store.js";
import { strings } from "./strings.js";
import { deleteLater, say } from "./undo.js";

const words = strings.sessions;

/** @param {import("./session-store.js").Session} session @param {"markdown" | "json"} format */
async function exported(session, format) {
  const answer = await open(`/ask/sessions/${session.id}/export?format=${format}`);
  return answer.text();
}

/**
 * Download a chat as a file.
 * @param {import("./session-store.js").Session} session
 * @param {"markdown" | "json"} format
 */
export async function saveExport(session, format) {
  try {
    const text = await exported(session, format);
    saveFile(session.title, format === "json" ? "json" : "md", text, format === "json" ? "application/json" : "text/markdown");
  } catch (error) {
    say(/** @type {Error} */ (error).message);
  }
}

/** @param {import("./session-store.js").Session} session */
export async function copyExport(session) {
  try {
    await copyText(await exported(session, "markdown"));
  } catch (error) {
    say(/** @type {Error} */ (error).message);
  }
}

/** @param {string} text */
export async function copyText(text) {
  await navigator.clipboard.writeText(text);
  say(strings.ask.copied, undefined, 2500);
}

/** Delete a chat, with ten seconds to undo it. @param {import("./session-store.js").Session} session */
export function removeSession(session) {
  const leaving = {
    id: session.id,
    path: `/ask/sessions/${session.id}`,
    said: words.removed(session.title),
    failed: words.removeFailed,
    restore: () => sessions.restore(session, at),
  };
  deleteLater(leaving);
  const at = sessions.remove(session.id);
}
