// For developers: the page's latest requests as curl commands, without the key.

import { wire } from "./api.js";
import { copyText } from "./session-actions.js";
import { fill, h, icon } from "./dom.js";
import { strings } from "./strings.js";

const MOST_CALLS = 8;
const words = strings.developers;

/** Quote a text for a POSIX shell. @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {import("./api.js").Call & {isFile?: boolean}} call */
export function curlOf({ method, path, headers, body, isFile }) {
  const lines = [`curl -s${headers.Accept?.startsWith("text/event-stream") ? "N" : ""}${method === "GET" ? "" : ` -X ${method}`} "${location.origin}/v1${path}"`];
  lines.push('-H "Authorization: Bearer $EARMARK_KEY"');
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body) lines.push(isFile ? `--data-binary ${quoted(`@${body}`)}` : `-d ${quoted(body)}`);
  return lines.join(" \\\n  ");
}

export class CurlNote extends HTMLElement {
  /** @type {import("./api.js").Call[]} */ #calls = [];

  connectedCallback() {
    this.setAttribute("role", "region");
    this.setAttribute("aria-label", words.label);
    this.list = h("ol", { class: "curl-list" });
    this.summary = h("summary", {}, icon("code"), h("span", {}, words.title), h("code", { class: "curl-last" }));
    fill(this, h("details", {}, this.summary, h("p", { class: "muted" }, words.lead), this.list));
    wire.addEventListener("call", (/** @type {any} */ event) => this.#add(event.detail));
  }

  /** Clear the list when another view opens. */
  clear() {
    this.#calls = [];
    this.#draw();
  }

  /** @param {import("./api.js").Call} call */
  #add(call) {
    this.#calls = [call, ...this.#calls].slice(0, MOST_CALLS);
    this.#draw();
  }

  #draw() {
    const last = this.#calls[0];
    const code = /** @type {Element} */ (this.summary.querySelector("code"));
    fill(code, last ? `${last.method} /v1${last.path}` : "");
    fill(this.list, this.#calls.map((call) => {
      const command = curlOf(call);
      return h("li", {}, h("pre", { tabindex: "0" }, command),
        h("button", { type: "button", class: "quiet", onclick: () => void copyText(command) }, icon("copy"), words.copy));
    }));
  }
}

customElements.define("curl-note", CurlNote);
