// Stores what is being recorded in the browser's own database until the server has it: a crash loses at most a second.

const DATABASE = "earmark-sound";
const LOCK = "earmark-sound-";

/** @typedef {{id: string, endUserId: string, name: string, type: string, startedAt: string,
 *   folderId: string | null, recordingId?: string, uploadUrl?: string}} Draft a recording made in this browser; `startedAt` has
 *   the offset of the place */

/** @type {Promise<IDBDatabase> | null} */
let opened = null;

function database() {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("drafts", { keyPath: "id" });
      request.result.createObjectStore("pieces", { keyPath: ["draft", "number"] });
    };
    request.onsuccess = () => {
      request.result.onclose = () => { opened = null; };
      done(request.result);
    };
    request.onerror = () => {
      opened = null;
      failed(request.error);
    };
  });
  return opened;
}

/**
 * @param {IDBTransactionMode} mode
 * @param {(drafts: IDBObjectStore, pieces: IDBObjectStore) => IDBRequest | void} work
 * @returns {Promise<any>} what the request found, once all is stored
 */
async function inDatabase(mode, work) {
  const transaction = (await database()).transaction(["drafts", "pieces"], mode, { durability: "strict" });
  return new Promise((done, failed) => {
    const request = work(transaction.objectStore("drafts"), transaction.objectStore("pieces"));
    transaction.oncomplete = () => done(request?.result);
    transaction.onabort = transaction.onerror = () => failed(transaction.error);
  });
}

/** @param {string} draft */
const allOf = (draft) => IDBKeyRange.bound([draft, 0], [draft, Infinity]);

/** Store or update a draft. @param {Draft} draft */
export const storeDraft = (draft) => inDatabase("readwrite", (drafts) => drafts.put(draft));

/** @param {string} draft @param {number} number @param {Blob} piece */
export const storePiece = (draft, number, piece) => inDatabase("readwrite", (_, pieces) => pieces.put({ draft, number, piece }));

/** Delete a draft with its pieces. @param {string} draft */
export const deleteDraft = (draft) => inDatabase("readwrite", (drafts, pieces) => {
  drafts.delete(draft);
  pieces.delete(allOf(draft));
});

/** A draft as it is stored now. @param {string} draft @returns {Promise<Draft | undefined>} */
export const draftOf = (draft) => inDatabase("readonly", (drafts) => drafts.get(draft));

/** The sound of a draft as far as it was stored. @param {string} draft @returns {Promise<Blob[]>} */
export const piecesOf = async (draft) =>
  (await inDatabase("readonly", (_, pieces) => pieces.getAll(allOf(draft)))).map((/** @type {{piece: Blob}} */ one) => one.piece);

/**
 * A person's drafts that no tab of this browser works on, oldest first.
 * @param {string} endUserId
 * @returns {Promise<Draft[]>}
 */
export async function unfinishedDrafts(endUserId) {
  const [drafts, { held = [] }] = await Promise.all([inDatabase("readonly", (all) => all.getAll()), navigator.locks.query()]);
  const busy = new Set(held.map((one) => one.name));
  const own = drafts.filter((/** @type {Draft} */ one) => one.endUserId === endUserId && !busy.has(LOCK + one.id));
  return own.sort((/** @type {Draft} */ one, /** @type {Draft} */ other) => Date.parse(one.startedAt) - Date.parse(other.startedAt));
}

/**
 * Work on a draft, unless another tab does.
 * @param {string} draft
 * @param {() => Promise<void>} work
 * @returns {Promise<boolean>} whether it was this tab's turn; resolves when the work has ended
 */
export const withLock = (draft, work) =>
  navigator.locks.request(LOCK + draft, { ifAvailable: true }, async (lock) => {
    if (lock) await work();
    return lock !== null;
  });
