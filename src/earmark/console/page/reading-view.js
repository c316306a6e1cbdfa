// The page of one recording.

import { call, open, query } from "./api.js";
import { askChoice, askText } from "./ask-dialog.js";
import { ACCEPTED_AUDIO, ACCEPTED_TRANSCRIPTS, bringAudio, bringTranscript, bundle, isSound, problemOf, recognise } from "./bring.js";
import { beside } from "./beside-panel.js";
import { fill, h, icon } from "./dom.js";
import { reviewed } from "./import-review.js";
import { menuButton } from "./menu.js";
import { copyMoment } from "./moment-tools.js";
import { addToFolder, deleteRecording } from "./recording-actions.js";
import { nameOfRecording, remember } from "./recording-names.js";
import { RecordingReader } from "./recording-reader.js";
import { askPath, navigate, recordingsPath } from "./router.js";
import { saveFile } from "./save-file.js";
import { draftScope } from "./scope-picker.js";
import { shareRecording } from "./share-dialog.js";
import { strings } from "./strings.js";
import { say } from "./undo.js";

export class ReadingView extends HTMLElement {
  /** @param {Extract<import("./router.js").Route, {view: "reading"}>} route */
  async show({ recording, at, session }) {
    beside().close();
    if (this.reader?.recordingId === recording && this.reader.lines) return void (at !== null && this.reader.goTo(at));
    const reader = this.reader = new RecordingReader();
    reader.actions = (one) => this.#actions(one);
    reader.invite = (one) => this.#transcriptButton(one);
    reader.addEventListener("opened", () => {
      document.title = `${nameOfRecording(reader.recording ?? null)} · ${strings.product}`;
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
    const [field, sound] = [this.#fileField(recording, ACCEPTED_TRANSCRIPTS), this.#fileField(recording, ACCEPTED_AUDIO)];
    return [h("div", { class: "reader-actions" }, h("button", { type: "button", class: "small", onclick: ask }, icon("ask"), strings.reading.ask),
      menuButton(strings.recordings.actions(nameOfRecording(recording)), () => [
        { label: strings.recordings.rename, run: () => void this.#rename(recording) },
        ...(recording.transcription_id ? [{ label: strings.share.action, run: () => void shareRecording(recording, this.reader?.marked) }] : []),
        { label: strings.reading.copyLink, run: () => void copyMoment(this.reader) },
        ...(recording.transcription_id ? [{ label: strings.reading.download, run: () => void this.#download(recording) }] : []),
        ...(this.reader?.corrections ? [{ label: strings.history.title, run: () => void this.#history() }] : []),
        { label: recording.transcription_id ? strings.reading.replace : strings.reading.add, run: () => field.click() },
        ...(recording.media?.length ? [{ label: strings.reading.transcribe, run: () => void this.reader?.transcribe() }] : [{ label: strings.reading.addAudio, run: () => sound.click() }]),
        { label: strings.recordings.intoFolder, run: () => void this.#try(() => addToFolder(recording)) },
        { label: strings.recordings.remove, run: () => void this.#try(() => this.#remove(recording)), isDanger: true },
      ]), field, sound)];
  }

  /** @param {any} recording */
  async #remove(recording) {
    if (await deleteRecording(recording)) navigate(recordingsPath());
  }

  /** @param {() => Promise<unknown>} work */
  async #try(work) {
    try {
      await work();
    } catch (error) {
      say(problemOf(error));
    }
  }

  /** @param {any} recording */
  async #rename(recording) {
    const name = await askText({ title: strings.recordings.rename, label: strings.recordings.name, value: recording.name ?? "" });
    if (!name) return;
    try {
      const now = await call(`/recordings/${recording.id}`, { method: "PATCH", body: { name } });
      remember(Object.assign(recording, now));
      fill(/** @type {Element} */ (this.querySelector("h1")), nameOfRecording(now));
    } catch (error) {
      say(problemOf(error));
    }
  }

  /** @param {any} recording */
  async #download(recording) {
    const options = Object.entries(strings.reading.downloads).map(([value, label]) => ({ value, label }));
    const format = await askChoice({ title: strings.reading.download, options });
    if (!format) return;
    try {
      const answer = await open(`/transcriptions/${recording.transcription_id}/export${query({ format })}`);
      saveFile(nameOfRecording(recording), format === "markdown" ? "md" : format, await answer.text(), answer.headers.get("Content-Type") ?? "");
    } catch (error) {
      say(problemOf(error));
    }
  }

  async #history() {
    const { showHistory } = await import("./history-dialog.js");
    if (this.reader?.corrections) showHistory(this.reader.corrections);
  }

  /** @param {any} recording @param {string} accept */
  #fileField(recording, accept) {
    const field = h("input", { type: "file", accept, hidden: true,
      onchange: () => { void this.#bring(recording, field.files[0]); field.value = ""; } });
    return field;
  }

  /** @param {any} recording */
  #transcriptButton(recording) {
    const field = this.#fileField(recording, ACCEPTED_TRANSCRIPTS);
    const isFirst = !recording.media?.length; // else it is second to transcribing the audio
    return h("span", {}, h("button", { type: "button", class: isFirst ? "primary" : "", onclick: () => field.click() }, icon("plus"), strings.reading.add), field);
  }

  /** @param {any} recording @param {File | undefined} file */
  async #bring(recording, file) {
    if (!file) return;
    await recognise([file]);
    if (!(isSound(file) || (await reviewed(bundle([file]), { isNew: false })).length)) return;
    const toast = say(strings.bring.sending, undefined, 60_000);
    try {
      const bring = isSound(file) ? bringAudio : bringTranscript;
      await bring(recording.id, file, (step) => fill(/** @type {Element} */ (toast.firstElementChild), step));
      toast.remove();
      await this.reader?.open(recording.id, null);
    } catch (error) {
      toast.remove();
      say(problemOf(error), undefined, 15_000);
    }
  }

  /**
   * Mark a chat's citations.
   * @param {RecordingReader} reader
   * @param {string} recording
   * @param {string} session
   */
  async #cite(reader, recording, session) {
    /** @type {number[]} */ const moments = [];
    let cursor = null;
    do {
      /** @type {any} */ const page = await call(`/ask/sessions/${session}/messages${query({ limit: 100, cursor })}`, { isQuiet: true }).catch(() => ({ data: [] }));
      for (const message of page.data) {
        for (const part of message.parts) if (part.type === "citation" && part.recording_id === recording) moments.push(part.start_ms);
      }
      cursor = page.next_cursor ?? null;
    } while (cursor);
    reader.citations = moments;
  }
}

customElements.define("reading-view", ReadingView);
