// Keeps what is being recorded in the browser's own database until the server has it: a crash loses at most a second.

const DATABASE = "earmark-sound";
const LOCK = "earmark-sound-";

/** @typedef {{id: string, endUserId: string, name: string, type: string, startedAt: string,
 *   folderId: string | null, recordingId?: string, uploadUrl?: string}} Take a recording made in this browser; `startedAt` has the offset of the place */

/** @type {Promise<IDBDatabase> | null} */
let opened = null;

function database() {
  opened ??= new Promise((done, failed) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("takes", { keyPath: "id" });
      request.result.createObjectStore("pieces", { keyPath: ["take", "number"] });
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  return opened;
}

/**
 * @param {IDBTransactionMode} mode
 * @param {(takes: IDBObjectStore, pieces: IDBObjectStore) => IDBRequest | void} work
 * @returns {Promise<any>} what the request found, once all is stored
 */
async function inDatabase(mode, work) {
  const transaction = (await database()).transaction(["takes", "pieces"], mode, { durability: "strict" });
  return new Promise((done, failed) => {
    const request = work(transaction.objectStore("takes"), transaction.objectStore("pieces"));
    transaction.oncomplete = () => done(request?.result);
    transaction.onabort = transaction.onerror = () => failed(transaction.error);
  });
}

/** @param {string} take */
const allOf = (take) => IDBKeyRange.bound([take, 0], [take, Infinity]);

/** Store or update a take. @param {Take} take */
export const keepTake = (take) => inDatabase("readwrite", (takes) => takes.put(take));

/** @param {string} take @param {number} number @param {Blob} piece */
export const keepPiece = (take, number, piece) => inDatabase("readwrite", (_, pieces) => pieces.put({ take, number, piece }));

/** Delete a take with its pieces. @param {string} take */
export const dropTake = (take) => inDatabase("readwrite", (takes, pieces) => {
  takes.delete(take);
  pieces.delete(allOf(take));
});

/** The sound of a take as far as it was stored. @param {string} take @returns {Promise<Blob[]>} */
export const piecesOf = async (take) =>
  (await inDatabase("readonly", (_, pieces) => pieces.getAll(allOf(take)))).map((/** @type {{piece: Blob}} */ one) => one.piece);

/**
 * A person's takes that nothing in this browser is working on any more, oldest first.
 * @param {string} endUserId
 * @returns {Promise<Take[]>}
 */
export async function leftTakes(endUserId) {
  const [takes, { held = [] }] = await Promise.all([inDatabase("readonly", (all) => all.getAll()), navigator.locks.query()]);
  const busy = new Set(held.map((one) => one.name));
  const own = takes.filter((/** @type {Take} */ one) => one.endUserId === endUserId && !busy.has(LOCK + one.id));
  return own.sort((/** @type {Take} */ one, /** @type {Take} */ other) => Date.parse(one.startedAt) - Date.parse(other.startedAt));
}

/**
 * Work on a take, so that no other tab takes it for a left one.
 * @param {string} take
 * @param {() => Promise<void>} work
 */
export const holding = (take, work) => navigator.locks.request(LOCK + take, work);
