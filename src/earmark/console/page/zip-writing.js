// Packs a dropped folder into a zip archive, uncompressed: the server then imports it as it does an export.

const MOST_BYTES = 0xffffffff - (64 << 20); // larger ones need another kind of archive
const MOST_FILES = 10000;
const UTF8 = 1 << 11;
const NO_DATE = 0x21; // 1 January 1980: the same folder gives the same bytes

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

/** @typedef {{path: string, file: File}} Placed a file and where it is */

/**
 * @param {Placed[]} files
 * @returns {Promise<Blob | null>} null if they are too many or too large for one archive
 */
export async function zipOf(files) {
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  if (files.length > MOST_FILES || total > MOST_BYTES) return null;
  /** @type {BlobPart[]} */ const parts = [];
  /** @type {BlobPart[]} */ const list = [];
  let [offset, listLength] = [0, 0];
  for (const { path, file } of files) {
    const [name, crc] = [new TextEncoder().encode(path), await crcOf(file)];
    const fields = [20, UTF8, 0, 0, NO_DATE];
    const sizes = [crc, file.size, file.size];
    const local = record(0x04034b50, fields, sizes, [name.length, 0]);
    const entry = record(0x02014b50, [20, ...fields], sizes, [name.length, 0, 0, 0, 0], [0, offset]);
    parts.push(local, name, file);
    list.push(entry, name);
    offset += local.byteLength + name.length + file.size;
    listLength += entry.byteLength + name.length;
  }
  const end = record(0x06054b50, [0, 0, files.length, files.length], [listLength, offset], [0]);
  return new Blob([...parts, ...list, end], { type: "application/zip" });
}

/**
 * A record of an archive: its mark, then numbers of two and of four bytes in turn.
 * @param {number} mark @param {...number[]} groups
 */
function record(mark, ...groups) {
  const bytes = new DataView(new ArrayBuffer(4 + groups.reduce((sum, one, at) => sum + one.length * (at % 2 ? 4 : 2), 0)));
  bytes.setUint32(0, mark, true);
  let at = 4;
  groups.forEach((group, number) => {
    for (const value of group) {
      if (number % 2) bytes.setUint32(at, value, true);
      else bytes.setUint16(at, value, true);
      at += number % 2 ? 4 : 2;
    }
  });
  return bytes.buffer;
}

/** @param {File} file */
async function crcOf(file) {
  let crc = 0xffffffff;
  const reader = file.stream().getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read())
    for (const byte of piece.value) crc = CRC[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
