// What happens by itself with recordings: for the whole project, for keys that may, and for the person.

import { account, endUserId, nameOf } from "./account.js";
import { call, callIfThere, query } from "./api.js";
import { problemOf } from "./bring.js";
import { fill, h } from "./dom.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { isoDay } from "./time.js";
import { say } from "./undo.js";

const words = strings.processing;
const UNSET = { auto_transcription: null, auto_summary: null };

/**
 * @typedef {{value: {auto_transcription: {enabled: boolean}, auto_summary: {enabled: boolean, template: string}},
 *   source: "default" | "project" | "end_user"}} Config
 * @typedef {{id: string, name: string}} Template
 */

/** Whether the key is of the whole project, which only such keys' usage tells. */
async function isOfProject() {
  const today = isoDay(new Date());
  return (await callIfThere(`/usage${query({ from: today, to: today })}`, { isQuiet: true })) !== null;
}

export class ProcessingSettings extends HTMLElement {
  async load() {
    fill(this, loading());
    try {
      const person = `/end-users/${endUserId()}/config/processing`;
      const project = account.endUser?.project_id ? `/projects/${account.endUser.project_id}/config/processing` : null;
      const [own, found, mayProject] = await Promise.all([
        callIfThere(person), callIfThere("/summary-templates", { isQuiet: true }), project ? isOfProject() : false]);
      const all = mayProject ? await callIfThere("/config/processing") : null;
      const templates = found?.data ?? [];
      if (!own) return fill(this, h("p", { class: "muted" }, words.forbidden));
      const ownForm = new ConfigForm(words.person(account.endUser ? nameOf(account.endUser) : ""), person, own, templates);
      const projectForm = all && project ? new ConfigForm(words.project, project, all, templates) : null;
      if (projectForm) projectForm.onset = () => void ownForm.refresh();
      return fill(this, h("p", { class: "muted" }, words.lead), projectForm, ownForm);
    } catch (error) {
      return fill(this, statusLine(/** @type {Error} */ (error), () => void this.load()));
    }
  }
}

let count = 0;

/** The settings of one level; each change is stored at once. */
class ConfigForm extends HTMLElement {
  #id = `config-${++count}`;
  /** @type {() => void} called after a change */ onset = () => {};

  /** @param {string} title @param {string} path where they are set @param {Config} config @param {Template[]} templates */
  constructor(title, path, config, templates) {
    super();
    this.heading = title;
    this.path = path;
    this.config = config;
    this.templates = templates;
    this.isProject = path.startsWith("/projects/");
  }

  connectedCallback() {
    if (!this.childElementCount) this.#draw();
  }

  #draw() {
    const { value, source } = this.config;
    const { auto_transcription, auto_summary } = value;
    const template = h("select", { id: `${this.#id}-template`, disabled: !auto_summary.enabled,
      onchange: () => void this.#set({ auto_summary: { template: template.value } }) },
    this.templates.map(({ id, name }) => h("option", { value: id }, name)));
    if (!this.templates.some(({ id }) => id === auto_summary.template)) {
      template.append(h("option", { value: auto_summary.template }, auto_summary.template));
    }
    template.value = auto_summary.template;
    const reset = source === "end_user"
      ? h("button", { type: "button", class: "quiet", onclick: () => void this.#set(UNSET) }, words.reset) : null;
    fill(this, h("section", { class: "card", "aria-labelledby": `${this.#id}-title` }, h("h2", { id: `${this.#id}-title` }, this.heading),
      this.#switch("auto_transcription", auto_transcription.enabled, words.transcription, words.transcriptionHint),
      this.#switch("auto_summary", auto_summary.enabled, words.summary, words.summaryHint),
      h("div", { class: "card-field" }, h("label", { for: template.id }, words.template), template),
      h("p", { class: "muted card-foot" }, (this.isProject ? words.projectSources : words.sources)[source], reset)));
  }

  /** @param {"auto_transcription" | "auto_summary"} key @param {boolean} isOn @param {string} label @param {string} hint */
  #switch(key, isOn, label, hint) {
    const id = `${this.#id}-${key}`;
    const box = h("input", { type: "checkbox", id, checked: isOn, "aria-describedby": `${id}-hint`,
      onchange: () => void this.#set({ [key]: { enabled: box.checked } }) });
    return h("div", { class: "switch" }, box, h("div", {}, h("label", { for: id }, label), h("p", { class: "muted", id: `${id}-hint` }, hint)));
  }

  /** Read again what is in force. */
  async refresh() {
    this.config = await call(this.path, { isQuiet: true });
    this.#draw();
  }

  /** @param {Record<string, any>} changes */
  async #set(changes) {
    const focused = document.activeElement?.id;
    try {
      this.config = await call(this.path, { method: "PUT", body: changes });
      say(strings.settings.saved, undefined, 2500);
      this.onset();
    } catch (error) {
      say(problemOf(error));
    }
    this.#draw();
    if (focused) document.getElementById(focused)?.focus();
  }
}

customElements.define("config-form", ConfigForm);
customElements.define("processing-settings", ProcessingSettings);
