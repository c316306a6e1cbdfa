// Counts things in words.

import { numeral } from "./locale.js";

/** @param {number} n @param {string} one @param {string} [many] */
export const counted = (n, one, many = `${one}s`) => `${numeral(n)} ${n === 1 ? one : many}`;
