// Who is signed in, and the chosen end user. A key is stored only in this tab's session storage; a session is the browser's cookie.

import { ApiError, call, endSession, query, useKey } from "./api.js";

const KEY = "earmark.key";
const PERSON = "earmark.end_user";

/** @typedef {{id: string, external_id: string | null, name: string | null, email: string | null,
 *   project_id?: string}} EndUser */

export const account = {
  /** @type {EndUser | null} */
  endUser: null,
  isSignedIn: false,
  /** Whether the browser's session stands for a key. */
  isSession: false,
  /** Whether the page of people opens with its form to add one. */
  isAdding: false,
};

/** Dispatches `change` after signing in or out, or choosing another end user. */
export const accounts = new EventTarget();
const changed = () => accounts.dispatchEvent(new Event("change"));

/** @param {EndUser} user */
export const nameOf = (user) => user.name || user.external_id || user.email || user.id;

/** Restore the key stored in this tab, else the browser's session. @returns {Promise<boolean>} */
export async function resume() {
  const key = sessionStorage.getItem(KEY);
  if (key) return signIn(key);
  const { is_signed_in: isThere } = await waysToSignIn();
  return isThere ? signIn("") : false;
}

/**
 * The providers of this server, and whether the browser has a session.
 * @returns {Promise<{providers: {name: string, label: string, start_path: string}[], is_signed_in: boolean}>}
 */
export const waysToSignIn = () => call("/console/sign-in", { isQuiet: true });

/**
 * Validate a key: it must be able to read end users, or at least sessions.
 * @param {string} key empty: the browser's session
 * @returns {Promise<boolean>} whether an end user is chosen already
 */
export async function signIn(key) {
  useKey(key);
  const wanted = sessionStorage.getItem(PERSON);
  const first = await firstEndUsers();
  if (key) sessionStorage.setItem(KEY, key);
  account.isSession = !key;
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

/**
 * Set up a new installation with the one-time code of the link that `earmark serve` prints.
 * @param {string} code @param {string} project @param {string} person
 * @returns {Promise<{project_id: string, end_user_id: string, key: string, console: {key: string}}>}
 */
export function setUp(code, project, person) {
  useKey("");
  const body = { code, project_name: project, person_name: person };
  return call("/console/setup", { method: "POST", body, isQuiet: true });
}

/** Store a key in this tab; `resume` then signs in with it. @param {string} key */
export const adoptKey = (key) => sessionStorage.setItem(KEY, key);

/**
 * Create an end user.
 * @param {string | null} name @param {string} externalId
 */
export const addEndUser = (name, externalId) =>
  call("/end-users", { method: "POST", body: { name, external_id: externalId } });

/** @param {EndUser} user */
export function chooseEndUser(user) {
  sessionStorage.setItem(PERSON, user.id);
  account.endUser = user;
  changed();
}

/** Choose another end user, or add one. */
export function leaveEndUser({ isAdding = false } = {}) {
  account.isAdding = isAdding;
  sessionStorage.removeItem(PERSON);
  account.endUser = null;
  changed();
}

/** Sign out, also at the server if the browser has a session. */
export async function leave() {
  if (account.isSession) await endSession();
  signOut();
}

/** Delete the stored key; the URL is unchanged. */
export function signOut() {
  sessionStorage.removeItem(KEY);
  useKey("");
  account.isSignedIn = account.isSession = false;
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
