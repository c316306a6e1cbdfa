// Saves text as a file on the person's machine.

/**
 * @param {string} title becomes the file's name, without what file systems refuse
 * @param {string} ending
 * @param {string} text
 * @param {string} type
 */
export function saveFile(title, ending, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = `${title.replace(/[^\p{L}\p{N} .-]+/gu, " ").trim().slice(0, 80) || "earmark"}.${ending}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
