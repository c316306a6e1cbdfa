// How German writes numbers, dates and times; the other texts are in strings.js.

/** The language's tag, for the browser's own formats. */
export const LOCALE = "de-DE";

/** What a chat of today's last minute, and one of yesterday, has for its time. */
export const moments = { now: "jetzt", yesterday: "gestern" };

/** @param {number} n @param {Intl.NumberFormatOptions} [options] */
export const numeral = (n, options) => n.toLocaleString(LOCALE, options);
