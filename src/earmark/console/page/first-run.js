// The first page of a new installation, opened by the link that `earmark serve` prints: creates a project.

import { adoptKey, resume, setUp } from "./account.js";
import { ApiError, AwayError } from "./api.js";
import { commandLine, copyable } from "./copyable.js";
import { fill, h } from "./dom.js";
import { strings } from "./strings.js";

const words = strings.setup;

/** @param {unknown} error */
function reasonOf(error) {
  if (error instanceof AwayError) return strings.signIn.away;
  if (error instanceof ApiError && error.status === 401) return words.refused;
  if (error instanceof ApiError && error.status === 409) return words.exists;
  return error instanceof Error ? error.message : String(error);
}

export class FirstRun extends HTMLElement {
  /** The link's one-time code. */
  code = "";

  connectedCallback() {
    const name = (/** @type {string} */ id, /** @type {string} */ value, /** @type {string | null} */ hint) =>
      h("input", { id, value, required: true, maxlength: 255, autocomplete: "off", "aria-describedby": hint ?? "first-run-problem" });
    this.project = name("project-name", words.projectDefault, null);
    this.person = name("person-name", "", "person-hint first-run-problem");
    this.problem = h("p", { class: "problem", id: "first-run-problem", role: "alert" });
    this.button = h("button", { class: "primary", type: "submit" }, words.button);
    fill(this, h("main", { class: "sign-in people-page" },
      h("div", { class: "brand large" }, h("span", { class: "brand-mark", "aria-hidden": "true" }), strings.product),
      h("h1", {}, words.title), h("p", { class: "muted" }, words.lead),
      h("form", { onsubmit: (/** @type {Event} */ event) => void this.#submit(event) },
        h("label", { for: "project-name" }, words.project), this.project,
        h("label", { for: "person-name" }, words.person), this.person,
        h("p", { class: "hint", id: "person-hint" }, words.personHint),
        this.problem, this.button)));
    this.project.select();
  }

  /** @param {Event} event */
  async #submit(event) {
    event.preventDefault();
    const project = this.project.value.trim();
    const person = this.person.value.trim();
    if (!project || !person) return fill(this.problem, words.missing);
    fill(this.problem);
    this.button.disabled = true;
    fill(this.button, words.making);
    try {
      this.#ready(project, person, await setUp(this.code, project, person));
    } catch (error) {
      fill(this.problem, reasonOf(error));
      this.button.disabled = false;
      fill(this.button, words.button);
    }
  }

  /** Show the key, which the page forgets. @param {string} project @param {string} person @param {any} made */
  #ready(project, person, made) {
    adoptKey(made.console.key);
    const heading = h("h1", { tabindex: "-1" }, words.ready(project));
    fill(this, h("main", { class: "sign-in people-page" },
      h("div", { class: "brand large" }, h("span", { class: "brand-mark", "aria-hidden": "true" }), strings.product),
      heading,
      h("h2", {}, words.keyLabel), copyable(made.key, words.copyKey), h("p", { class: "hint" }, words.keyHint),
      h("p", { class: "hint" }, words.commandLead), copyable(commandLine("earmark", "use", project, person), words.copyCommand),
      h("button", { class: "primary", type: "button", onclick: () => void resume() }, words.go)));
    heading.focus();
  }
}

customElements.define("first-run", FirstRun);
