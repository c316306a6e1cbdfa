// What is in an archive or a dropped folder, shown before it is imported: the recordings, and what their first files are.

import { bundle, isAudio, isTranscript, isUnnamed } from "./bring.js";
import { agreed } from "./import-review.js";
import { strings } from "./strings.js";

const words = strings.archive;
const LOOKED_AT = 20;
const LARGEST_BYTES = 32 << 20;
// What belongs to no recording, as `imports/grouping.py` has it.
const BESIDE = /(?:^|[^._ -][._ -]+)(?:new)?chat$|newchat$|^(?:readme|license|licence|manifest|index|metadata|account|profile|settings|user|users|summary|highlights?|notes|memories|facts|people|contacts|tasks|action[_ -]?items)$|[ ._-](?:summary|highlights?|mind ?map|action[ _-]items?)$/i;

/** @typedef {{path: string, size: number, read: () => Promise<Blob>}} Inside a file in it */

/**
 * @param {string} name of the archive or folder
 * @param {Inside[] | null} files null if it can't be looked into here
 * @returns {Promise<boolean>} whether to import it
 */
export async function reviewArchive(name, files) {
  if (!files) return true;
  const wanted = files.filter(({ path }) => isWanted(path));
  const shown = wanted.filter((one) => !isAudio(one.path) && one.size <= LARGEST_BYTES).slice(0, LOOKED_AT);
  const heard = wanted.filter((one) => isAudio(one.path)).slice(0, LOOKED_AT);
  const bundles = bundle([...await Promise.all(shown.map(fileOf)), ...heard.map(({ path }) => new File([], path))]);
  const [sounds, others] = [wanted.filter((one) => isAudio(one.path)).length, files.length - wanted.length];
  const note = words.holds(wanted.length - sounds, sounds, others, wanted.length - sounds - shown.length);
  return agreed({ name, note, isEmpty: !files.some(({ path }) => isWanted(path) || isUnnamed(path)) }, bundles);
}

/** @param {Inside} one */
async function fileOf(one) {
  const bytes = await one.read().catch(() => new Blob());
  return new File([bytes], one.path);
}

/** @param {string} path */
function isWanted(path) {
  const folders = path.split("/");
  const base = /** @type {string} */ (folders.pop());
  if (folders.at(-1) === "chats" || [...folders, base].some((part) => part.startsWith(".") || part === "__MACOSX")) return false;
  return isAudio(base) || (isTranscript(base) && !BESIDE.test(base.slice(0, base.lastIndexOf("."))));
}
