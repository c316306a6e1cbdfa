// Renaming a speaker in all recordings of a person, and renaming back only what was renamed.

import { ApiError, call } from "./api.js";

const MOST = 500;

/** @typedef {{transcription_id: string, revision: number, merged_indexes?: number[]}} Renamed a corrected transcript */

/**
 * @param {string} endUserId
 * @param {string} name
 * @param {string} newName
 * @param {Renamed[]} renamed gets what was renamed, also if a later request fails
 */
export async function renameEverywhere(endUserId, name, newName, renamed) {
  let remaining = 1;
  while (remaining) {
    const done = await call("/speakers", { method: "PATCH", body: { end_user_id: endUserId, name, new_name: newName } });
    renamed.push(...done.transcriptions);
    remaining = done.remaining;
  }
}

/**
 * Rename back in each transcript that was renamed, unless it was corrected or deleted since.
 * @param {string} name as it was
 * @param {string} newName as it is
 * @param {Renamed[]} renamed
 * @returns {Promise<number>} in how many
 */
export async function undoRenames(name, newName, renamed) {
  let count = 0;
  for (const one of renamed) {
    try {
      await renameBack(one, name, newName);
      count += 1;
    } catch (error) {
      if (!(error instanceof ApiError && [404, 409].includes(error.status))) throw error;
    }
  }
  return count;
}

/** @param {Renamed} one @param {string} name @param {string} newName */
async function renameBack({ transcription_id, revision, merged_indexes: merged }, name, newName) {
  const path = `/transcriptions/${transcription_id}`;
  if (!merged) return void (await call(path, { method: "PATCH", body: { revision, speakers: { [newName]: name } } }));
  for (let at = 0; at < merged.length; at += MOST) { // the rest of the new name's segments are another's
    const segments = merged.slice(at, at + MOST).map((index) => ({ index, speaker: name }));
    revision = (await call(path, { method: "PATCH", body: { revision, segments } })).revision;
  }
}
