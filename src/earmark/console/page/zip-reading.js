// Reads the list of files of a zip archive, and single files of it, without reading the rest.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const LONGEST_END = 22 + 0xffff;
const MOST_BYTES = 8 << 20; // of the list of files
const [STORED, DEFLATED] = [0, 8];

/** @typedef {{path: string, size: number, read: () => Promise<Blob>}} Packed a file in an archive */

/**
 * @param {Blob} file
 * @returns {Promise<Packed[] | null>} without folders; null if it can't be read here, as the largest archives can't
 */
export async function zipEntries(file) {
  const tail = await bytesOf(file, Math.max(0, file.size - LONGEST_END), file.size);
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) at--;
  if (at < 0) return null;
  const [count, length, start] = [tail.getUint16(at + 10, true), tail.getUint32(at + 12, true), tail.getUint32(at + 16, true)];
  if (length > MOST_BYTES || start + length > file.size) return null;
  const list = await bytesOf(file, start, start + length);
  /** @type {Packed[]} */ const found = [];
  for (let [next, left] = [0, count]; left; left--) {
    if (next + 46 > list.byteLength || list.getUint32(next, true) !== ENTRY) return null;
    const [flags, method] = [list.getUint16(next + 8, true), list.getUint16(next + 10, true)];
    const [packed, size] = [list.getUint32(next + 20, true), list.getUint32(next + 24, true)];
    const nameLength = list.getUint16(next + 28, true);
    const path = decode(new Uint8Array(list.buffer, next + 46, Math.min(nameLength, list.byteLength - next - 46)));
    const offset = list.getUint32(next + 42, true);
    if (!path.endsWith("/")) found.push({ path, size, read: () => unpack(file, offset, packed, flags & 1 ? -1 : method) });
    next += 46 + nameLength + list.getUint16(next + 30, true) + list.getUint16(next + 32, true);
  }
  return found;
}

/** @param {Blob} file @param {number} offset @param {number} packed @param {number} method */
async function unpack(file, offset, packed, method) {
  const head = await bytesOf(file, offset, offset + 30);
  if (head.byteLength < 30 || head.getUint32(0, true) !== LOCAL) throw new Error("damaged");
  const start = offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  const data = file.slice(start, start + packed);
  if (method === STORED) return data;
  if (method !== DEFLATED) throw new Error("packed in another way");
  return new Response(data.stream().pipeThrough(new DecompressionStream("deflate-raw"))).blob();
}

/** @param {Uint8Array} name */
function decode(name) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(name);
  } catch {
    return new TextDecoder("windows-1252").decode(name);
  }
}

/** @param {Blob} file @param {number} from @param {number} to */
const bytesOf = async (file, from, to) => new DataView(await file.slice(from, to).arrayBuffer());
