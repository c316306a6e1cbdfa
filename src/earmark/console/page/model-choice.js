// Which model answers in a chat; shown only where there is a choice. What was chosen is stored in this tab for each chat.

import { account, accounts } from "./account.js";
import { callIfThere } from "./api.js";
import { fill, h } from "./dom.js";
import { strings } from "./strings.js";

const words = strings.models;
const PREFIX = "earmark.model.";

/** @typedef {{provider: string, model: string, is_default: boolean, is_built_in: boolean, default_setting?: string | null}} Model */

/** @type {Promise<Model[]> | null} */
let known = null;
accounts.addEventListener("change", () => {
  known = null;
  if (!account.isSignedIn) for (const name of Object.keys(sessionStorage)) if (name.startsWith(PREFIX)) sessionStorage.removeItem(name);
});

/** The models that may be asked; none if they can't be listed. @returns {Promise<Model[]>} */
const models = () => (known ??= callIfThere("/models", { isQuiet: true }).then((all) => all?.data ?? [], () => { known = null; return []; }));

/** @param {Model} model */
export const modelName = (model) => (model.is_built_in ? words.builtIn(model.model) : `${model.model} (${model.provider})`);

export class ModelChoice extends HTMLElement {
  #place = "";

  /** Offer the models in a chat. @param {string} session its id, or "new" */
  async show(session) {
    this.#place = PREFIX + session;
    const all = await models();
    if (this.#place !== PREFIX + session) return; // another chat is shown meanwhile
    const kept = sessionStorage.getItem(this.#place);
    if (all.length < 2) return fill(this);
    const select = h("select", { class: "model-choice", "aria-label": words.choose, title: words.choose,
      onchange: () => sessionStorage.setItem(this.#place, select.value) },
      h("option", { value: "" }, words.byDefault(all.find((one) => one.is_default)?.model ?? "")),
      all.map((one) => h("option", { value: one.provider }, modelName(one))));
    select.value = all.some((one) => one.provider === kept) ? kept : "";
    fill(this, select);
  }

  /** A new chat has its id now. @param {string} session */
  adopt(session) {
    const chosen = this.chosen;
    sessionStorage.removeItem(`${PREFIX}new`);
    if (chosen) sessionStorage.setItem(PREFIX + session, chosen);
    void this.show(session);
  }

  /** The chosen provider; "" for the default. @returns {string} */
  get chosen() {
    return sessionStorage.getItem(this.#place) ?? "";
  }
}

customElements.define("model-choice", ModelChoice);
