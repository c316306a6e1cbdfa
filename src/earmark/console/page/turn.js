// A turn: sends a question, streams the answer, resumes after a lost connection, cancels.

import { ApiError, AwayError, call, isAbort, newRequestKey, open, wire } from "./api.js";
import { readEvents } from "./events.js";
import { strings } from "./strings.js";
import { sleep } from "./time.js";

/** @typedef {{type: "text", text: string, is_key?: true} | {type: "citation", recording_id: string, start_ms: number}} Part */
/** @typedef {{id: string, role: "user" | "assistant", content: string, parts: Part[], model: string | null,
 *   provider: string | null, finish_reason: string | null, created_at: string, sources?: any[] | null}} Message */

const ACCEPT = "text/event-stream, application/json;q=0.5";
const RESUMES = 5;

export class Turn extends EventTarget {
  /** @type {"running" | "done" | "failed"} */ state = "running";
  /** @type {Part[]} */ parts = [];
  /** @type {any[] | null} */ sources = null;
  /** @type {Message | null} */ message = null;
  /** @type {Error | null} */ error = null;
  /** @type {string | null} */ userMessageId = null;
  isStopping = false;
  #requestKey = newRequestKey();
  #lastEventId = "";

  /**
   * @param {{sessionId: string | null, content: string, create?: any, provider?: string}} asked `create`: the body of a new
   *   session; `provider`: which model answers, "" for the default
   */
  constructor({ sessionId, content, create, provider = "" }) {
    super();
    this.sessionId = sessionId;
    this.content = content;
    this.create = create;
    this.by = provider ? { provider } : {};
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** Send the question; a retry uses the same Idempotency-Key. */
  async send() {
    this.#begin();
    const isNew = this.sessionId === null;
    const path = isNew ? "/ask/sessions" : `/ask/sessions/${this.sessionId}/messages`;
    const question = { content: this.content, ...this.by };
    const body = isNew ? { ...this.create, initial_message: question } : question;
    await this.#run(() => open(path, { method: "POST", body, headers: { Accept: ACCEPT, "Idempotency-Key": this.#requestKey } }));
  }

  /** Regenerate the answer to the last question. @param {string} userMessageId */
  async sendAgain(userMessageId) {
    this.#begin();
    this.userMessageId = userMessageId;
    const path = `/ask/sessions/${this.sessionId}/messages/${userMessageId}/regenerate`;
    await this.#run(() => open(path, { method: "POST", body: this.by, headers: { Accept: ACCEPT, "Idempotency-Key": this.#requestKey } }));
  }

  /** Follow a running turn. @param {string} userMessageId */
  async follow(userMessageId) {
    this.#begin();
    this.userMessageId = userMessageId;
    await this.#run(() => this.#openEvents());
  }

  #begin() {
    [this.state, this.parts, this.sources, this.error, this.isStopping] = ["running", [], null, null, false];
    this.#lastEventId = "";
    this.#changed();
  }

  #openEvents() {
    /** @type {Record<string, string>} */ const headers = this.#lastEventId ? { "Last-Event-ID": this.#lastEventId } : {};
    const path = `/ask/sessions/${this.sessionId}/messages/${this.userMessageId}/events`;
    return open(path, { headers: { Accept: "text/event-stream", ...headers } });
  }

  /** @param {() => Promise<Response>} begin */
  async #run(begin) {
    for (let tries = 0, ask = begin; ; tries++) {
      try {
        await this.#take(await ask());
        if (this.state !== "running") return;
        throw new AwayError(); // the connection was lost before the last event
      } catch (error) {
        if (isAbort(error)) return;
        const isBusy = error instanceof ApiError && error.code === "idempotency_in_progress";
        const isBroken = !(error instanceof ApiError) && this.userMessageId !== null;
        if ((!isBusy && !isBroken) || tries >= RESUMES) return this.#fail(/** @type {Error} */ (error));
        if (isBroken) ask = () => this.#openEvents();
        await sleep(500 * (tries + 1));
      }
    }
  }

  /** @param {Response} answer */
  async #take(answer) {
    const isStream = answer.headers.get("Content-Type")?.startsWith("text/event-stream");
    if (!isStream || !answer.body) return this.#complete(await answer.json());
    for await (const { id, event, data } of readEvents(answer.body)) {
      this.#lastEventId = id || this.#lastEventId;
      this.#apply(event, data);
      if (this.state !== "running") return;
    }
  }

  /** @param {string} event @param {any} data */
  #apply(event, data) {
    if (event === "turn.started") [this.sessionId, this.userMessageId] = [data.session_id, data.user_message_id];
    else if (event === "turn.sources") this.sources = data.sources;
    else if (event === "text.delta") this.parts.push({ type: "text", text: data.text, ...(data.is_key ? { is_key: true } : {}) });
    else if (event === "citation") this.parts.push({ type: "citation", ...data });
    else if (event === "turn.completed") return this.#complete(data);
    else if (event === "turn.failed") {
      if (data.error?.code === "unauthorized") wire.dispatchEvent(new Event("unauthorized"));
      return this.#fail(new ApiError(502, data, 0));
    }
    this.#changed();
    if (event === "turn.started" && this.isStopping) void this.stop();
  }

  /** @param {any} result */
  #complete(result) {
    this.sessionId = result.session_id;
    this.message = result.message;
    this.parts = result.message.parts;
    this.sources = result.sources;
    this.state = "done";
    this.#changed();
  }

  /** @param {Error} error */
  #fail(error) {
    if (error instanceof ApiError && error.sessionId) this.sessionId = error.sessionId;
    this.error = error;
    this.state = "failed";
    this.#changed();
  }

  /** Cancel the turn; the partial answer is stored. */
  async stop() {
    this.isStopping = true;
    this.#changed();
    if (!this.userMessageId || this.state !== "running") return;
    await call(`/ask/sessions/${this.sessionId}/messages/${this.userMessageId}/cancel`, { method: "POST" }).catch(() => {});
  }
}

/**
 * Return the message for a failed turn.
 * @param {Error} error
 */
export function failureOf(error) {
  const words = strings.ask;
  if (error instanceof AwayError) return strings.states.away;
  if (!(error instanceof ApiError)) return words.failed;
  if (error.code === "transcription_not_ready") return words.notReady;
  if (error.code === "context_too_large") return words.tooLong;
  if (error.code === "provider_error") return `${words.failed} ${error.message}`;
  return error.message;
}
