// The reading page of one recording.

import { call, query } from "./api.js";
import { beside } from "./beside-panel.js";
import { fill, h, icon } from "./dom.js";
import { nameOfRecording } from "./recording-names.js";
import { RecordingReader } from "./recording-reader.js";
import { askPath, navigate } from "./router.js";
import { draftScope } from "./scope-picker.js";
import { strings } from "./strings.js";

export class ReadingView extends HTMLElement {
  /** @param {Extract<import("./router.js").Route, {view: "reading"}>} route */
  async show({ recording, at, session }) {
    beside().close();
    if (this.reader?.recordingId === recording && this.reader.lines) return void (at !== null && this.reader.goTo(at));
    const reader = this.reader = new RecordingReader();
    reader.actions = (one) => this.#actions(one);
    reader.addEventListener("opened", () => {
      document.title = `${nameOfRecording(reader.recording)} · ${strings.product}`;
    });
    fill(this, reader);
    await Promise.all([reader.open(recording, at), session ? this.#cite(reader, recording, session) : null]);
  }

  /** @param {any} recording */
  #actions(recording) {
    const ask = () => {
      draftScope({ type: "recordings", ids: [recording.id] });
      navigate(askPath());
    };
    return [h("button", { type: "button", class: "button small", onclick: ask }, icon("ask"), strings.reading.ask)];
  }

  /**
   * Show where a chat's citations fall.
   * @param {RecordingReader} reader
   * @param {string} recording
   * @param {string} session
   */
  async #cite(reader, recording, session) {
    /** @type {number[]} */ const moments = [];
    let cursor = null;
    do {
      const page = await call(`/ask/sessions/${session}/messages${query({ limit: 100, cursor })}`, { isQuiet: true }).catch(() => ({ data: [] }));
      for (const message of page.data) {
        for (const part of message.parts) if (part.type === "citation" && part.recording_id === recording) moments.push(part.start_ms);
      }
      cursor = page.next_cursor ?? null;
    } while (cursor);
    reader.citations = moments;
  }
}

customElements.define("reading-view", ReadingView);
