// Opens a microphone, or a microphone and the sound of a tab, and tells how loud it is.

/** What the browser can record, best first: Ogg and MP4 can be sought in, WebM of a recorder can't. */
const TYPES = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];
const VOICE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const PIECE_MS = 1000;

/** @typedef {"microphone" | "tab"} Source */

/** Whether this page may record: it is served securely, and the browser can. */
export const canRecord = () => Boolean(navigator.mediaDevices?.getUserMedia) && "MediaRecorder" in globalThis;

/** Whether the sound of a tab can be recorded. */
export const canRecordTabs = () => canRecord() && "getDisplayMedia" in navigator.mediaDevices;

/** The type that recordings of this browser have. */
export const recordedType = () => TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? "";

/** The shared tab has no sound. */
export class SilentTabError extends Error {}

export class SoundSource {
  /** @type {(piece: Blob) => void} */ onpiece = () => {};
  /** @type {() => void} called when a microphone is unplugged or a tab is no longer shared */ onlost = () => {};
  #context = new AudioContext();
  #meter = this.#context.createAnalyser();
  #samples = new Float32Array(1024);
  /** @type {MediaStream[]} */ #streams = [];
  /** @type {MediaRecorder | null} */ #recorder = null;
  #isClosed = false;
  #isStopping = false;
  #spokenMs = 0;
  #since = 0;

  /**
   * Ask the person for the source, and begin.
   * @param {Source} source
   * @param {string} type
   */
  async begin(source, type) {
    try {
      if (source === "tab") this.#take(await tabSound());
      this.#take(await navigator.mediaDevices.getUserMedia({ audio: VOICE }));
    } catch (error) {
      this.#close();
      throw error;
    }
    const mixed = this.#context.createMediaStreamDestination();
    for (const stream of this.#streams) {
      this.#context.createMediaStreamSource(stream).connect(this.#meter);
      for (const track of stream.getAudioTracks()) track.addEventListener("ended", () => this.onlost());
    }
    this.#meter.connect(mixed);
    await this.#context.resume();
    this.#recorder = new MediaRecorder(mixed.stream, type ? { mimeType: type } : {});
    this.#recorder.addEventListener("dataavailable", ({ data }) => { if (data.size) this.onpiece(data); });
    for (const name of ["error", "stop"]) this.#recorder.addEventListener(name, () => { if (!this.#isStopping) this.onlost(); });
    this.#context.addEventListener("statechange", () => { if (!this.#isClosed && this.#context.state !== "running") void this.#context.resume(); });
    this.#recorder.start(PIECE_MS);
    this.#since = performance.now();
  }

  /** Use a stream that was granted, unless nobody waits for it any more. @param {MediaStream} stream */
  #take(stream) {
    this.#streams.push(stream);
    if (!this.#isClosed) return;
    for (const track of stream.getTracks()) track.stop();
    throw new DOMException("", "AbortError");
  }

  get isPaused() {
    return this.#recorder?.state === "paused";
  }

  /** How much was recorded, without pauses. */
  get lengthMs() {
    return this.#spokenMs + (this.#since ? performance.now() - this.#since : 0);
  }

  /** How loud it is now, from 0 to 1. */
  get loudness() {
    this.#meter.getFloatTimeDomainData(this.#samples);
    const square = this.#samples.reduce((sum, one) => sum + one * one, 0) / this.#samples.length;
    return Math.min(1, Math.max(0, 1 + Math.log10(Math.sqrt(square) + 1e-4) / 3));
  }

  pause() {
    this.#recorder?.pause();
    [this.#spokenMs, this.#since] = [this.lengthMs, 0];
  }

  goOn() {
    this.#recorder?.resume();
    this.#since = performance.now();
  }

  /** Stop; the last piece has been given when this resolves. */
  async stop() {
    this.#isStopping = true;
    [this.#spokenMs, this.#since] = [this.lengthMs, 0];
    const recorder = this.#recorder;
    if (recorder && recorder.state !== "inactive") {
      await new Promise((done) => {
        recorder.addEventListener("stop", done, { once: true });
        recorder.stop();
      });
    }
    this.#close();
  }

  #close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const track of this.#streams.flatMap((stream) => stream.getTracks())) track.stop();
    void this.#context.close();
  }
}

/** Ask for a tab and take its sound. Its picture has to be asked for too. @returns {Promise<MediaStream>} */
async function tabSound() {
  const shared = await navigator.mediaDevices.getDisplayMedia({ audio: true, video: true });
  if (shared.getAudioTracks().length) return shared;
  for (const track of shared.getTracks()) track.stop();
  throw new SilentTabError();
}
