// The language models that answer: which are configured, whether they do, and how to add one.

import { call, callIfThere } from "./api.js";
import { problemOf } from "./bring.js";
import { copyable } from "./copyable.js";
import { fill, h } from "./dom.js";
import { modelName } from "./model-choice.js";
import { loading, statusLine } from "./states.js";
import { strings } from "./strings.js";

const words = strings.models;

/** @typedef {import("./model-choice.js").Model} Model */
/** @typedef {{name: string, title: string, base_url: string, models: string[], command: string | null}} Server */

export class ModelSettings extends HTMLElement {
  async load() {
    fill(this, loading());
    try {
      const [models, servers] = await Promise.all([callIfThere("/models"), callIfThere("/models/servers", { isQuiet: true })]);
      if (!models) return fill(this, h("p", { class: "muted" }, words.forbidden));
      const isOwner = servers !== null;
      return fill(this, h("p", { class: "muted" }, words.lead), this.#reason(models.data),
        h("ul", { class: "rows" }, models.data.map((/** @type {Model} */ one) => this.#row(one, isOwner))),
        isOwner ? this.#adding(servers.data, models.data) : null);
    } catch (error) {
      return fill(this, statusLine(/** @type {Error} */ (error), () => void this.load()));
    }
  }

  /** Which model answers, and why. @param {Model[]} models */
  #reason(models) {
    const used = models.find((one) => one.is_default);
    if (!used) return null;
    const { default_setting: setting } = used;
    const why = setting ? words.because(setting) : models.length > 1 ? words.becauseUnset : words.becauseNone;
    return h("p", { class: "model-reason" }, h("b", {}, modelName(used)), " ", why);
  }

  /** @param {Model} model @param {boolean} isOwner */
  #row(model, isOwner) {
    const result = h("span", { class: "muted row-facts", role: "status" }, model.is_built_in ? words.quotes : words.writes);
    const test = async () => {
      fill(result, words.testing);
      try {
        const { duration_ms: ms } = await call("/models/test", { method: "POST", body: { provider: model.provider } });
        fill(result, words.works((ms / 1000).toFixed(1)));
      } catch (error) {
        fill(result, h("span", { class: "upload-problem" }, problemOf(error)));
      }
    };
    return h("li", {}, h("div", { class: "row" },
      h("span", { class: "row-title" }, modelName(model), model.is_default ? h("span", { class: "badge" }, words.isDefault) : null),
      isOwner && !model.is_built_in ? h("button", { type: "button", class: "small", "aria-label": words.testLabel(model.model), onclick: () => void test() }, words.test) : null,
      result));
  }

  /** @param {Server[]} servers on the server's machine @param {Model[]} models */
  #adding(servers, models) {
    const others = servers.filter((one) => !models.some((model) => model.provider === one.name));
    return h("section", { class: "card" }, h("h2", {}, words.add), h("p", { class: "muted" }, words.addLead),
      others.length ? others.map((one) => this.#server(one)) : copyable("earmark models", words.copy),
      h("p", { class: "muted" }, words.restart));
  }

  /** @param {Server} server */
  #server({ title, base_url: url, models, command }) {
    return h("div", { class: "found-server" },
      h("p", {}, models.length ? words.found(title, url, models.slice(0, 8).join(", ")) : words.empty(title, url)),
      command ? copyable(command, words.copy) : null);
  }
}

customElements.define("model-settings", ModelSettings);
