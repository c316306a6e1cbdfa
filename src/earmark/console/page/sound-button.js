// The button that begins a recording; what records is fetched when it is used.

import { account } from "./account.js";
import { h, icon } from "./dom.js";
import { unfinishedDrafts } from "./sound-store.js";
import { strings } from "./strings.js";

/** Dispatches `brought` when a recording has arrived, and when it has been transcribed. */
export const sounds = new EventTarget();

/** A button that begins a recording. @param {() => string | null} folder where the recording goes */
export const recordButton = (folder) =>
  h("button", { type: "button", onclick: async () => (await import("./sound-recorder.js")).record(folder()) },
    icon("microphone"), strings.sound.record);

/** Offer what an earlier visit recorded and could not send. */
export async function offerLeft() {
  const [draft] = account.endUser ? await unfinishedDrafts(account.endUser.id).catch(() => []) : [];
  if (draft) (await import("./sound-recorder.js")).offer(draft);
}
