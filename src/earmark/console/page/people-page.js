// Chooses an end user, for project-wide keys; adds, renames and erases people.

import { account, addEndUser, chooseEndUser, listEndUsers, nameOf } from "./account.js";
import { ApiError, call } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { menuButton } from "./menu.js";
import { strings } from "./strings.js";

const words = strings.people;

export class PeoplePage extends HTMLElement {
  connectedCallback() {
    this.list = h("ul", { class: "people" });
    this.added = h("div", { class: "added", role: "status" });
    this.problem = h("p", { class: "problem", role: "alert" });
    this.field = h("input", { id: "find-person", autocomplete: "off", spellcheck: "false" });
    const heading = h("h1", { tabindex: "-1" }, words.title);
    fill(this, h("main", { class: "sign-in people-page" },
      h("div", { class: "brand large" }, h("span", { class: "brand-mark", "aria-hidden": "true" }), strings.product),
      heading, h("p", { class: "lead" }, words.lead), h("p", { class: "hint" }, words.inviteLead), this.list, this.added,
      h("form", { onsubmit: (/** @type {Event} */ event) => this.#find(event) },
        h("label", { for: "find-person" }, words.find),
        h("div", { class: "field-row" }, this.field, h("button", { type: "submit" }, words.go))),
      this.problem, this.#adding()));
    if (account.isAdding) this.#openForm();
    else heading.focus();
    account.isAdding = false;
    void this.#more(null);
  }

  #adding() {
    this.name = h("input", { id: "new-name", maxlength: 255, autocomplete: "off" });
    this.externalId = h("input", { id: "new-external-id", maxlength: 255, autocomplete: "off", spellcheck: "false", "aria-describedby": "external-id-hint" });
    this.refused = h("p", { class: "problem", role: "alert" });
    this.details = h("details", { class: "adding" }, h("summary", {}, words.add),
      h("form", { onsubmit: (/** @type {Event} */ event) => void this.#add(event) },
        h("label", { for: "new-name" }, words.name), this.name,
        h("label", { for: "new-external-id" }, words.externalId), this.externalId,
        h("p", { class: "hint", id: "external-id-hint" }, words.externalIdHint),
        this.refused, h("button", { type: "submit" }, words.addButton)));
    return this.details;
  }

  /** @param {string | null} cursor */
  async #more(cursor) {
    try {
      const page = await listEndUsers({ cursor });
      this.list.querySelector(".more")?.remove();
      this.list.append(...page.data.map((/** @type {any} */ user) => this.#row(user)));
      if (!page.data.length && !cursor) this.#none();
      if (page.has_more) {
        const more = h("button", { type: "button", onclick: () => this.#more(page.next_cursor) }, words.more);
        this.list.append(h("li", { class: "more" }, more));
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== 403) fill(this.problem, error.message);
    }
  }

  #none() {
    fill(this.problem, words.none);
    this.#openForm();
  }

  #openForm() {
    this.details.open = true;
    this.name.focus();
  }

  /** @param {any} user */
  #row(user) {
    const name = nameOf(user);
    const detail = user.email && user.email !== name ? user.email : user.id;
    const row = h("li", { class: "person-row" }, h("button", { type: "button", class: "person", onclick: () => chooseEndUser(user) },
      icon("person"), h("span", { class: "person-name" }, name), h("span", { class: "muted" }, detail)),
      menuButton(words.actions(name), () => [
        { label: words.rename, run: () => void this.#act((all) => all.renamePerson(user, (now) => row.replaceWith(this.#row(now)))) },
        { label: words.invite, run: () => void this.#act((all) => all.invitePerson(user)) },
        { label: words.erase, isDanger: true, run: () => void this.#act((all) => all.erasePerson(user, () => this.#erased(row))) },
      ]));
    return row;
  }

  /** @param {(all: typeof import("./person-actions.js")) => Promise<void>} run */
  async #act(run) {
    await run(await import("./person-actions.js"));
  }

  /** @param {HTMLElement} row */
  #erased(row) {
    row.remove();
    fill(this.added);
    if (!this.list.childElementCount) this.#none();
  }

  /** @param {Event} event */
  async #find(event) {
    event.preventDefault();
    const wanted = this.field.value;
    if (!wanted) return;
    try {
      const isId = /^eu_[A-Za-z0-9]{1,64}$/.test(wanted);
      const user = isId ? await call(`/end-users/${wanted}`) : (await listEndUsers({ externalId: wanted })).data[0];
      if (user) chooseEndUser(user);
      else fill(this.problem, words.unknown);
    } catch (error) {
      const isUnreadable = error instanceof ApiError && error.status === 403 && /^eu_/.test(wanted);
      if (isUnreadable) chooseEndUser({ id: wanted, external_id: null, name: null, email: null });
      else fill(this.problem, error instanceof ApiError && error.status === 404 ? words.unknown : String(/** @type {any} */ (error).message));
    }
  }

  /** @param {Event} event */
  async #add(event) {
    event.preventDefault();
    const name = this.name.value.trim();
    const externalId = this.externalId.value.trim() || name;
    if (!externalId) return this.name.focus();
    fill(this.refused);
    try {
      const user = await addEndUser(name || null, externalId);
      this.list.prepend(this.#row(user));
      fill(this.problem);
      [this.name.value, this.externalId.value] = ["", ""];
      const { inviting } = await import("./person-actions.js");
      fill(this.added, h("p", { class: "hint" }, words.added(nameOf(user))), inviting(user));
    } catch (error) {
      const status = error instanceof ApiError ? error.status : 0;
      fill(this.refused, status === 409 ? words.taken : status === 403 ? words.forbidden : /** @type {Error} */ (error).message);
    }
  }
}

customElements.define("people-page", PeoplePage);
