// The signed-in key and the chosen end user. The key is stored only in this tab's session storage.

import { ApiError, call, query, useKey } from "./api.js";

const KEY = "earmark.key";
const PERSON = "earmark.end_user";

/** @typedef {{id: string, external_id: string | null, name: string | null, email: string | null}} EndUser */

export const account = {
  /** @type {EndUser | null} */
  endUser: null,
  isSignedIn: false,
};

/** Dispatches `change` after signing in or out, or choosing another end user. */
export const accounts = new EventTarget();
const changed = () => accounts.dispatchEvent(new Event("change"));

/** @param {EndUser} user */
export const nameOf = (user) => user.name || user.external_id || user.email || user.id;

/** Restore the key stored in this tab. @returns {Promise<boolean>} */
export async function resume() {
  const key = sessionStorage.getItem(KEY);
  return key ? signIn(key) : false;
}

/**
 * Validate a key: it must be able to read end users, or at least sessions.
 * @param {string} key
 * @returns {Promise<boolean>} whether an end user is chosen already
 */
export async function signIn(key) {
  useKey(key);
  const wanted = sessionStorage.getItem(PERSON);
  const first = await firstEndUsers();
  sessionStorage.setItem(KEY, key);
  account.isSignedIn = true;
  const found = wanted ? await findEndUser(wanted) : null;
  account.endUser = found ?? (first.data.length === 1 && !first.has_more ? first.data[0] : null);
  changed();
  return account.endUser !== null;
}

/** A key without end_users:read can be used with an end user's id typed by hand. */
async function firstEndUsers() {
  try {
    return await call("/end-users?limit=2", { isQuiet: true });
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return { data: [], has_more: false };
    throw error;
  }
}

/** @param {string} id @returns {Promise<EndUser | null>} */
async function findEndUser(id) {
  try {
    return await call(`/end-users/${id}`, { isQuiet: true });
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return { id, external_id: null, name: null, email: null };
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/**
 * Sign in with a one-time code from the command line.
 * @param {string} code
 */
export async function signInByCode(code) {
  useKey("");
  const { key } = await call("/console/sign-in", { method: "POST", body: { code }, isQuiet: true });
  return signIn(key);
}

/** @param {EndUser} user */
export function chooseEndUser(user) {
  sessionStorage.setItem(PERSON, user.id);
  account.endUser = user;
  changed();
}

/** Choose another end user. */
export function leaveEndUser() {
  sessionStorage.removeItem(PERSON);
  account.endUser = null;
  changed();
}

/** Delete the stored key; the URL is unchanged. */
export function signOut() {
  sessionStorage.removeItem(KEY);
  useKey("");
  account.isSignedIn = false;
  account.endUser = null;
  changed();
}

/**
 * A page of end users.
 * @param {{externalId?: string, cursor?: string | null}} options
 */
export const listEndUsers = ({ externalId, cursor }) =>
  call(`/end-users${query({ limit: 50, external_id: externalId, cursor })}`);

/** The end user's id, for requests. */
export const endUserId = () => /** @type {EndUser} */ (account.endUser).id;
