// The recordings page: list, import, rename, folders, delete.

import { askText } from "./ask-dialog.js";
import { call, isAbort } from "./api.js";
import { beside } from "./beside-panel.js";
import { DropZone } from "./drop-zone.js";
import { fill, h, icon } from "./dom.js";
import { FolderBar } from "./folder-bar.js";
import { menuButton } from "./menu.js";
import { changeDate, dayElement, monthOf } from "./recording-date.js";
import { addToFolder, deleteRecording } from "./recording-actions.js";
import { RecordingFilters } from "./recording-filters.js";
import { listRecordings, nameOfRecording, remember } from "./recording-names.js";
import { askPath, navigate, readingPath } from "./router.js";
import { draftScope } from "./scope-picker.js";
import { shareRecording } from "./share-dialog.js";
import { offerLeft, recordButton, sounds } from "./sound-button.js";
import { empty, loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { lengthOf } from "./time.js";
import { say } from "./undo.js";
import "./windowed-list.js";

const words = strings.recordings;
const ROW_PX = 62;
const MONTH_PX = 42;

/** @typedef {import("./recording-names.js").Recording} Recording */

export class RecordingsView extends HTMLElement {
  /** @type {Recording[]} */ rows = [];
  /** @type {string | null} */ folder = null;
  /** @type {string | null} */ #cursor = null;
  #hasMore = true;
  #isLoading = false;
  #walk = 0;

  connectedCallback() {
    this.zone = new DropZone();
    this.zone.onbrought = (id) => this.#brought(id);
    this.folderBar = new FolderBar();
    this.list = /** @type {import("./windowed-list.js").WindowedList} */ (h("windowed-list", { class: "recordings", "aria-label": words.title }));
    this.list.rows = { estimate: (index) => ROW_PX + (this.#begins(index) ? MONTH_PX : 0), render: (index) => this.#row(this.rows[index], index), onend: () => void this.#more() };
    this.note = h("div", { class: "page-note" });
    this.filters = new RecordingFilters();
    this.filters.onfilter = () => void this.#restart();
    fill(this, h("div", { class: "page" },
      h("header", { class: "page-head" }, h("h1", { tabindex: "-1" }, words.title),
        h("span", { class: "page-actions" }, recordButton(() => this.folder), this.zone.button())),
      this.folderBar, h("div", { class: "page-find" }, this.filters), this.note, this.list, this.zone));
    sounds.addEventListener("brought", this.#recorded);
    void offerLeft();
  }

  disconnectedCallback() {
    sounds.removeEventListener("brought", this.#recorded);
  }

  #recorded = () => void this.#restart();

  /** @param {Extract<import("./router.js").Route, {view: "recordings"}>} route */
  async show({ folder }) {
    beside().close();
    document.title = `${words.title} · ${strings.product}`;
    this.folder = folder;
    await Promise.all([this.folderBar?.show(folder), this.#restart()]);
  }

  async #restart() {
    this.#walk++;
    [this.#cursor, this.#hasMore, this.#isLoading] = [null, true, false];
    if (!this.rows.length) fill(this.note, loading());
    await this.#more(true);
  }

  /** @param {boolean} [isFirst] */
  async #more(isFirst = false) {
    if (this.#isLoading || !this.#hasMore) return;
    this.#isLoading = true;
    const walk = this.#walk;
    try {
      const page = await listRecordings({ ...this.filters?.asked(), folder: this.folder, cursor: this.#cursor });
      if (walk !== this.#walk) return;
      this.rows = isFirst ? page.data : [...this.rows, ...page.data];
      [this.#cursor, this.#hasMore] = [page.next_cursor, page.has_more];
      this.list?.setCount(this.rows.length, { isMore: !isFirst });
      fill(this.note, this.rows.length ? null : this.#emptiness());
    } catch (error) {
      if (!isAbort(error)) fill(this.note, statusLine(/** @type {Error} */ (error), () => void this.#restart()));
    } finally {
      if (walk === this.#walk) this.#isLoading = false;
    }
  }

  #emptiness() {
    if (this.filters?.isNarrowed) return h("p", { class: "muted" }, words.noneFound);
    return this.folder ? empty(words.emptyFolder, words.emptyFolderLead) : empty(words.empty, words.emptyLead, this.zone?.button());
  }

  /** @param {string} id */
  async #brought(id) {
    if (this.folder) await call(`/folders/${this.folder}/recordings/${id}`, { method: "PUT" });
    await this.#restart();
    void this.folderBar?.show(this.folder);
  }

  /** Whether a month begins with this row. @param {number} index */
  #begins(index) {
    return Boolean(this.filters?.isByDate) && (index === 0 || monthOf(this.rows[index]) !== monthOf(this.rows[index - 1]));
  }

  /** @param {Recording} recording @param {number} index */
  #row(recording, index) {
    const row = this.#recording(recording, index);
    return this.#begins(index) ? h("div", {}, h("h2", { class: "recordings-month" }, monthOf(recording)), row) : row;
  }

  /** @param {Recording} recording @param {number} index */
  #recording(recording, index) {
    const isRead = recording.transcription_id !== null;
    const status = isRead ? null : h("span", { class: "badge" }, words.statuses[/** @type {keyof typeof words.statuses} */ (recording.status)] ?? recording.status);
    return h("div", { class: "recording-row" },
      h("a", { class: "recording", href: readingPath(recording.id) },
        h("span", { class: "recording-title" }, nameOfRecording(recording)),
        h("span", { class: "recording-facts muted" }, dayElement(recording),
          recording.duration_ms ? ` · ${lengthOf(recording.duration_ms)}` : null,
          recording.media?.length ? [" · ", icon("play"), words.audio] : null)),
      status, menuButton(words.actions(nameOfRecording(recording)), () => this.#actions(recording, index)));
  }

  /** @param {Recording} recording @param {number} index */
  #actions(recording, index) {
    const ask = () => {
      draftScope({ type: "recordings", ids: [recording.id] });
      navigate(askPath());
    };
    return [
      { label: words.ask, run: ask },
      { label: words.rename, run: () => void this.#rename(recording, index) },
      ...(recording.transcription_id ? [{ label: strings.share.action, run: () => void shareRecording(recording) }] : []),
      { label: strings.dates.change, run: () => void this.#redate(recording) },
      { label: words.intoFolder, run: () => void this.#try(() => addToFolder(recording, this.folder)) },
      ...(this.folder ? [{ label: words.outOfFolder, run: () => void this.#outOfFolder(recording) }] : []),
      { label: words.remove, run: () => void this.#remove(recording), isDanger: true },
    ];
  }

  /** @param {Recording} recording @param {number} index */
  async #rename(recording, index) {
    const name = await askText({ title: words.rename, label: words.name, value: recording.name ?? "" });
    if (!name) return;
    await this.#try(async () => {
      const now = await call(`/recordings/${recording.id}`, { method: "PATCH", body: { name } });
      remember(this.rows[index] = { ...recording, ...now });
      this.list?.refresh();
    });
  }

  /** @param {Recording} recording */
  async #redate(recording) {
    if (await changeDate(recording)) await this.#restart();
  }

  /** @param {Recording} recording */
  async #outOfFolder(recording) {
    await this.#try(async () => {
      await call(`/folders/${this.folder}/recordings/${recording.id}`, { method: "DELETE" });
      await this.#restart();
    });
  }

  /** @param {Recording} recording */
  async #remove(recording) {
    await this.#try(async () => {
      if (await deleteRecording(recording)) await this.#restart();
    });
  }

  /** @param {() => Promise<unknown>} work */
  async #try(work) {
    try {
      await work();
      await this.folderBar?.show(this.folder);
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }
}

customElements.define("recordings-view", RecordingsView);
