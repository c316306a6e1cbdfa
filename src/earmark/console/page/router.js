// Routing. URLs are real paths under /console, so links can be bookmarked and shared.

/**
 * @typedef {{view: "ask", session: string | null, message: string | null}
 *   | {view: "recordings", folder: string | null}
 *   | {view: "reading", recording: string, at: number | null, session: string | null}
 *   | {view: "search", q: string}
 *   | {view: "decisions", kind: string | null}
 *   | {view: "person", name: string, kind: string | null}
 *   | {view: "settings", page: string, id: string | null}
 *   | {view: "overview"}} Route
 */

export const routes = new EventTarget();
const BASE = "/console";

/** @param {string} [session] @param {string} [message] of it, at which it opens */
export const askPath = (session, message) =>
  (session ? `${BASE}/ask/${session}${message ? `?${new URLSearchParams({ message })}` : ""}` : `${BASE}/ask`);

/**
 * @param {string} recording
 * @param {{at?: number | null, session?: string | null}} [options]
 */
export function readingPath(recording, { at = null, session = null } = {}) {
  const query = new URLSearchParams();
  if (at !== null) query.set("at", String(at));
  if (session) query.set("session", session);
  return `${BASE}/recordings/${recording}${query.size ? `?${query}` : ""}`;
}

/** @param {string} [folder] */
export const recordingsPath = (folder) => `${BASE}/recordings${folder ? `?folder=${folder}` : ""}`;

/** @param {string} q */
export const searchPath = (q) => `${BASE}/search${q ? `?${new URLSearchParams({ q })}` : ""}`;

/** @param {string} [kind] */
export const decisionsPath = (kind) => `${BASE}/decisions${kind ? `?kind=${kind}` : ""}`;

/** What somebody said, decided and promised. @param {string} name as it stands in transcripts @param {string | null} [kind] */
export const personPath = (name, kind) => `${BASE}/person?${new URLSearchParams({ name, ...(kind ? { kind } : {}) })}`;

/**
 * @param {"processing" | "models" | "webhooks" | "apps" | "shares" | "devices" | "keys" | "audit" | "limits"} page
 * @param {string} [id] of a webhook endpoint
 */
export const settingsPath = (page, id) => `${BASE}/settings/${page}${id ? `/${id}` : ""}`;

export const overviewPath = () => `${BASE}/overview`;

/** @returns {Route} */
export function currentRoute() {
  const [, , place = "ask", id, below] = location.pathname.split("/");
  const query = new URLSearchParams(location.search);
  if (place === "recordings" && id) {
    const at = query.get("at");
    return { view: "reading", recording: id, at: at && /^\d+$/.test(at) ? Number(at) : null, session: query.get("session") };
  }
  if (place === "recordings") return { view: "recordings", folder: query.get("folder") };
  if (place === "search") return { view: "search", q: query.get("q") ?? "" };
  if (place === "decisions") return { view: "decisions", kind: query.get("kind") };
  if (place === "person") return { view: "person", name: query.get("name") ?? "", kind: query.get("kind") };
  if (place === "settings") return { view: "settings", page: id || "processing", id: below || null };
  if (place === "overview") return { view: "overview" };
  return { view: "ask", session: id || null, message: query.get("message") };
}

/**
 * Navigate to a path.
 * @param {string} path
 * @param {{replace?: boolean, quiet?: boolean}} [options] quiet: change only the URL
 */
export function navigate(path, { replace = false, quiet = false } = {}) {
  if (path !== location.pathname + location.search) history[replace ? "replaceState" : "pushState"](null, "", path);
  if (!quiet) routes.dispatchEvent(new Event("route"));
}

/** Follow links within the console without reloading the page. */
export function followLinks() {
  addEventListener("popstate", () => routes.dispatchEvent(new Event("route")));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = /** @type {Element} */ (event.target).closest?.("a[href]");
    if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || !`${url.pathname}/`.startsWith(`${BASE}/`)) return;
    event.preventDefault();
    navigate(url.pathname + url.search);
  });
}
