// The chat page: the question, its scope, the streamed answer, and the sources beside it.

import { call, isAbort, query } from "./api.js";
import { endUserId } from "./account.js";
import { beside } from "./beside-panel.js";
import { ChatHead } from "./chat-head.js";
import { Conversation } from "./conversation.js";
import { fill, h, icon } from "./dom.js";
import { ChatGreeting } from "./greeting.js";
import { QuestionBox } from "./question-box.js";
import { askPath, navigate } from "./router.js";
import { scopeName } from "./scope-name.js";
import { takeDraftScope, ScopePicker } from "./scope-picker.js";
import { sessions } from "./session-store.js";
import { isGone, loading, statusLine } from "./states.js";
import { strings } from "./strings.js";
import { Turn } from "./turn.js";

const words = strings.ask;
const [PAGE, FAR_PAGE] = [50, 100];

export class AskView extends HTMLElement {
  /** @type {import("./session-store.js").Session | null} */ session = null;
  /** @type {Turn | null} */ turn = null;
  /** @type {Promise<void> | null} the stored chat that is being loaded */ #loading = null;
  #visit = 0;
  #isFollowing = true;

  head = new ChatHead();
  log = new Conversation();
  box = new QuestionBox();
  scroller = h("div");

  connectedCallback() {
    this.scroller = h("div", { class: "chat-scroll", tabindex: "-1" }, this.head, h("div", { class: "chat-top" }), this.log);
    fill(this, this.scroller, h("div", { class: "chat-box" }, this.box));
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.box.onask = (content) => this.#ask(content);
    this.box.onstop = () => void this.turn?.stop();
    this.log.onask = (content) => this.#ask(content);
    this.log.onagain = (question) => this.#again(question);
    this.log.onsources = (sources) => this.#showSources(sources);
    this.log.addEventListener("retry", (/** @type {any} */ event) => this.#retry(event.detail));
    this.log.addEventListener("grown", () => this.#stick());
    sessions.addEventListener("change", this.#listed);
    beside().onmoment = (moment) => this.#openMoment(moment);
    this.addEventListener("open-moment", (/** @type {any} */ event) => this.#openMoment(event.detail));
  }

  disconnectedCallback() {
    sessions.removeEventListener("change", this.#listed);
  }

  /** The list may have renamed this chat. */
  #listed = () => {
    const row = sessions.rows.find((one) => one.id === this.session?.id);
    if (row && this.head.session) this.head.show(row);
  };

  /** @param {Extract<import("./router.js").Route, {view: "ask"}>} route */
  async show({ session, message }) {
    if (session !== null && session === this.session?.id) return message ? this.log.find(message, () => this.#older(FAR_PAGE)) : this.head.focus();
    this.#visit++;
    this.turn = this.session = this.#loading = this.#earlier = null;
    this.box.running(false);
    fill(this.top);
    if (session === null) return this.#greet();
    await this.#load(session);
    if (message) await this.log.find(message, () => this.#older(FAR_PAGE));
  }

  /** @param {string} id */
  async #load(id) {
    const visit = this.#visit;
    this.box.begin(id, false);
    await (this.#loading = this.#read(id));
    if (this.#visit === visit) this.#loading = null;
  }

  get top() { return /** @type {Element} */ (this.querySelector(".chat-top")); }

  #greet() {
    beside().close();
    this.log.session = null;
    this.log.show([]);
    this.head.clear();
    this.classList.add("is-fresh");
    const greeting = new ChatGreeting();
    greeting.onchoose = (text) => this.box.put(text);
    fill(this.top, greeting);
    this.picker = new ScopePicker();
    fill(this.box.scope, this.picker);
    this.picker.choose(takeDraftScope());
    this.box.begin("new", true);
    this.box.focus();
  }

  /** @param {string} id */
  async #read(id) {
    const visit = this.#visit;
    this.classList.remove("is-fresh");
    this.log.session = id;
    this.log.show([]);
    fill(this.top, loading());
    try {
      const asked = query({ order: "desc", limit: PAGE, include: "sources" });
      const [session, page] = await Promise.all([call(`/ask/sessions/${id}`), call(`/ask/sessions/${id}/messages${asked}`)]);
      if (visit !== this.#visit) return;
      this.#settle(session);
      this.log.show(page.data.toReversed());
      this.#offerOlder(page);
      this.scroller.scrollTop = this.scroller.scrollHeight;
      this.#resume(session, page.data[0]);
    } catch (error) {
      if (isAbort(error) || visit !== this.#visit) return;
      this.head.clear();
      const again = isGone(error) ? undefined : () => void this.#load(id);
      fill(this.top, statusLine(isGone(error) ? new Error(strings.sessions.gone) : /** @type {Error} */ (error), again));
    }
  }

  /** @param {import("./session-store.js").Session} session @param {boolean} [isAdopted] it was created on this page */
  #settle(session, isAdopted = false) {
    this.session = session;
    this.log.session = session.id;
    this.log.recordingIds = session.scope.recording_ids;
    this.classList.remove("is-fresh");
    this.head.show(session);
    fill(this.box.scope, h("span", { class: "scope-fixed" }, icon("recordings"), scopeName(session.scope)));
    this.box.goOn(session.id, !isAdopted && session.message_count === 0);
  }

  /** @type {string | null} where earlier messages begin */ #earlier = null;

  /** @param {any} page */
  #offerOlder({ next_cursor, has_more }) {
    this.#earlier = next_cursor;
    fill(this.top, has_more ? h("button", { type: "button", class: "quiet", onclick: () => void this.#older() }, words.older) : null);
  }

  /** Load earlier messages. @returns {Promise<boolean>} whether there were any */
  async #older(limit = PAGE) {
    const [visit, cursor] = [this.#visit, this.#earlier];
    if (!cursor) return false;
    const page = await call(`/ask/sessions/${this.session?.id}/messages${query({ order: "desc", limit, include: "sources", cursor })}`);
    if (visit !== this.#visit) return false;
    const fromEnd = this.scroller.scrollHeight - this.scroller.scrollTop;
    this.log.prepend_(page.data.toReversed(), false);
    this.#offerOlder(page);
    this.scroller.scrollTop = this.scroller.scrollHeight - fromEnd;
    return true;
  }

  /** Resume the chat: follow its running turn or show its failed question. @param {any} session @param {import("./turn.js").Message | undefined} last */
  #resume(session, last) {
    if (session.active_turn) {
      const turn = this.#watch(new Turn({ sessionId: session.id, content: last?.content ?? "" }), { isFollowed: true });
      void turn.follow(session.active_turn.user_message_id);
    } else if (last?.role === "user") {
      this.log.failed(null, () => {
        const turn = this.#watch(new Turn({ sessionId: session.id, content: last.content, provider: this.box.model?.chosen }), { isFollowed: true });
        void turn.send();
      });
    } else if (last) {
      if (last.sources?.length && beside().isRoomy) this.#showSources(last.sources, false);
      void this.log.suggest();
    }
  }

  /** @param {Turn} turn @param {{isAgain?: boolean, isFollowed?: boolean}} [options] */
  #watch(turn, options = {}) {
    this.turn = turn;
    this.log.watch(turn, options);
    this.box.running(true);
    turn.addEventListener("change", () => this.#turned(turn, options.isAgain ?? false));
    this.#isFollowing = true;
    this.#stick();
    return turn;
  }

  /** Ask once the chat has loaded; if it fails to load, put the question back into its box. @param {string} content */
  async #askWhenRead(content) {
    const visit = this.#visit;
    this.box.keep(content);
    await this.#loading;
    if (visit !== this.#visit) return;
    if (!this.session || this.turn?.state === "running") return this.box.put(content);
    this.#ask(content);
  }

  /** @param {string} content */
  #ask(content) {
    if (this.#loading) return void this.#askWhenRead(content);
    if (this.turn?.state === "running") return;
    this.box.keep(content);
    const create = this.session ? null : { scope: this.picker?.scope(), end_user_id: endUserId() };
    fill(this.top);
    this.classList.remove("is-fresh");
    void this.#watch(new Turn({ sessionId: this.session?.id ?? null, content, create, provider: this.box.model?.chosen })).send();
  }

  /** @param {string} question */
  #again(question) {
    if (this.turn?.state === "running") return;
    const turn = new Turn({ sessionId: this.session?.id ?? null, content: "", provider: this.box.model?.chosen });
    void this.#watch(turn, { isAgain: true }).sendAgain(question);
  }

  /** @param {{turn: Turn, isAgain: boolean}} failed */
  #retry({ turn, isAgain }) {
    this.#watch(turn, isAgain ? { isAgain } : { isFollowed: true });
    void (isAgain ? turn.sendAgain(/** @type {string} */ (turn.userMessageId)) : turn.send());
  }

  /** @param {Turn} turn @param {boolean} isAgain */
  #turned(turn, isAgain) {
    if (turn !== this.turn || !this.isConnected) {
      if (turn.state === "done") void this.#refresh(turn.sessionId);
      return;
    }
    if (turn.sessionId && !this.session) void this.#adopt(turn.sessionId);
    if (turn.userMessageId || turn.state === "done") this.#noteSent(turn);
    if (turn.sources?.length && beside().isRoomy && !beside().hasRecording) this.#showSources(turn.sources, false);
    if (turn.state === "running") return;
    this.box.running(false);
    this.#stick();
    if (isGone(turn.error) && turn.sessionId) return void this.#load(turn.sessionId); // it ended while disconnected
    if (turn.state !== "done") return;
    if (!isAgain && !turn.userMessageId) void this.#learnQuestion(turn);
    void this.#refresh(turn.sessionId);
    void this.log.suggest().then(() => this.#stick());
  }

  /** @type {WeakSet<Turn>} */ #sent = new WeakSet();

  /** @param {Turn} turn */
  #noteSent(turn) {
    if (!this.#sent.has(turn)) this.box.sent();
    this.#sent.add(turn);
  }

  /** Show a new chat's id in the URL and the list. @param {string} id */
  async #adopt(id) {
    navigate(askPath(id), { replace: true, quiet: true });
    this.box.model?.adopt(id);
    this.session = /** @type {any} */ ({ id, scope: this.picker?.scope(), message_count: 1 });
    const session = await call(`/ask/sessions/${id}`, { isQuiet: true });
    if (this.session?.id !== id) return;
    this.#settle(session, true);
    sessions.put(session, { isActive: true });
  }

  /** @param {string | null} id */
  async #refresh(id) {
    const session = await call(`/ask/sessions/${id}`, { isQuiet: true }).catch(() => null);
    if (!session) return;
    sessions.put(session, { isActive: true });
    if (this.session?.id === id) this.head.show((this.session = session));
  }

  /** Look up the question's id, which a non-streamed answer lacks and "answer again" needs. @param {Turn} turn */
  async #learnQuestion(turn) {
    const asked = query({ order: "desc", limit: 2 });
    const page = await call(`/ask/sessions/${turn.sessionId}/messages${asked}`, { isQuiet: true }).catch(() => null);
    const question = page?.data[1];
    if (question?.role === "user" && turn === this.turn) this.log.allowAgain(question.id);
  }

  /** @param {any[]} sources @param {boolean} [isAsked] */
  #showSources(sources, isAsked = true) {
    beside().showSources(sources, this.session?.id ?? null, isAsked);
  }

  /** @param {{recording: string, at: number, from: HTMLElement | null}} moment */
  #openMoment({ recording, at, from }) {
    const citations = this.log.citations().filter((part) => part.recording_id === recording).map((part) => part.start_ms);
    beside().showRecording({ recording, at, citations, session: this.session?.id ?? null, from });
  }

  /** Scroll with the answer if the reader is at the end, but never scroll the question out of view. */
  #stick() {
    const question = [...this.log.querySelectorAll(".question")].at(-1);
    if (!this.#isFollowing || !question) return;
    const box = this.scroller.getBoundingClientRect();
    const highest = this.scroller.scrollTop + question.getBoundingClientRect().top - box.top - 16;
    this.#stuckAt = this.scroller.scrollTop = Math.min(this.scroller.scrollHeight - this.scroller.clientHeight, highest);
  }

  #stuckAt = 0;

  /** Stop following the answer when the reader scrolls up. */
  #scrolled() {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    if (scrollTop < this.#stuckAt - 4) this.#isFollowing = false;
    if (scrollHeight - scrollTop - clientHeight < 8) this.#isFollowing = true;
  }
}

customElements.define("ask-view", AskView);
