// Lists dropped files, and dropped folders with the files in them.

const MOST = 10000;

/** @typedef {import("./zip-writing.js").Placed} Placed */
/** @typedef {{name: string, files: Placed[]}} Folder with paths from its own name on, in order; hidden files are left out */

/**
 * @param {DataTransfer} dropped
 * @returns {Promise<{files: File[], folders: Folder[]}>}
 */
export async function droppedFiles(dropped) {
  // asked for at once: a drop's items are gone after its event
  const entries = [...dropped.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) return { files: [...dropped.files], folders: [] };
  /** @type {Placed[]} */ const loose = [];
  /** @type {Folder[]} */ const folders = [];
  for (const entry of entries) {
    if (!entry) continue;
    const found = entry.isDirectory ? [] : loose;
    await walk(entry, "", found);
    if (entry.isDirectory) folders.push({ name: entry.name, files: found });
  }
  return { files: loose.map((one) => one.file), folders };
}

/** @param {any} entry @param {string} above @param {Placed[]} found */
async function walk(entry, above, found) {
  if (entry.name.startsWith(".") || found.length > MOST) return;
  const path = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise((done) => entry.file(done, () => done(null)));
    if (file) found.push({ path, file });
    return;
  }
  const reader = entry.createReader();
  /** @type {any[]} */ const inside = [];
  for (;;) { // a call gives at most a hundred
    const some = await new Promise((done) => reader.readEntries(done, () => done([])));
    if (!some.length) break;
    inside.push(...some);
  }
  inside.sort((one, other) => one.name.localeCompare(other.name));
  for (const one of inside) await walk(one, `${path}/`, found);
}
