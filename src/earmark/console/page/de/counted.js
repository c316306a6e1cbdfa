// Counts things in German words.

import { numeral } from "./locale.js";

/** @param {number} n @param {string} one @param {string} [many] */
export const counted = (n, one, many = one) => `${numeral(n)} ${n === 1 ? one : many}`;
