// The settings: processing, webhooks, assistants and apps, shared links; signed-in devices, keys, audit trail.

import { AppSettings } from "./app-settings.js";
import { AuditSettings } from "./audit-settings.js";
import { beside } from "./beside-panel.js";
import { DeviceSettings } from "./device-settings.js";
import { fill, h } from "./dom.js";
import { KeySettings } from "./key-settings.js";
import { LimitSettings } from "./limit-settings.js";
import { ModelSettings } from "./model-settings.js";
import { ProcessingSettings } from "./processing-settings.js";
import { settingsPath } from "./router.js";
import { ShareSettings } from "./share-settings.js";
import { strings } from "./strings.js";
import { WebhookPage } from "./webhook-page.js";
import { WebhookSettings } from "./webhook-settings.js";

const words = strings.settings;

/** @typedef {"processing" | "models" | "webhooks" | "apps" | "shares" | "devices" | "keys" | "audit" | "limits"} PageName */
/** @type {PageName[]} */
const PAGES = ["processing", "models", "webhooks", "apps", "shares", "devices", "keys", "audit", "limits"];
const PARTS = {
  processing: ProcessingSettings, models: ModelSettings, apps: AppSettings, shares: ShareSettings, devices: DeviceSettings, keys: KeySettings,
  audit: AuditSettings, limits: LimitSettings,
};

export class SettingsView extends HTMLElement {
  connectedCallback() {
    this.pages = h("nav", { class: "chips", "aria-label": words.label }, h("ul", {}, PAGES.map((page) =>
      h("li", {}, h("a", { class: "folder", href: settingsPath(page), "data-page": page }, words.pages[page])))));
    this.body = h("div", { class: "settings" });
    fill(this, h("div", { class: "page scrolls" }, h("h1", { tabindex: "-1" }, words.title), this.pages, this.body));
  }

  /** @param {Extract<import("./router.js").Route, {view: "settings"}>} route */
  async show({ page, id }) {
    beside().close();
    const place = PAGES.find((one) => one === page) ?? "processing";
    document.title = `${words.pages[place]} · ${strings.product}`;
    for (const link of this.pages.querySelectorAll("a")) {
      if (link.dataset.page === place) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const part = place !== "webhooks" ? new PARTS[place]() : id ? new WebhookPage(id) : new WebhookSettings();
    fill(this.body, part);
    await part.load();
  }
}

customElements.define("settings-view", SettingsView);
