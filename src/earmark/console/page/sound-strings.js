// The English texts about recording in the browser.

import { LOCALE } from "./locale.js";

export const soundStrings = {
  sound: {
    record: "Record",
    title: "Record",
    name: "Name",
    named: (/** @type {Date} */ now) => `Recording, ${now.toLocaleString(LOCALE, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" })}`,
    source: "What to record",
    microphone: "The microphone",
    tab: "The microphone and the sound of a tab",
    begin: "Begin recording",
    recording: "Recording",
    paused: "Paused",
    pause: "Pause",
    goOn: "Continue",
    stop: "Stop and save",
    discard: "Discard",
    asking: "Waiting for the browser's permission…",
    discardTitle: "Discard the recording?",
    discardText: (/** @type {string} */ name) => `“${name}” is deleted permanently.`,
    keep: "Save",
    loudness: "Loudness",
    sending: "Sent to the server",
    left: (/** @type {string} */ startedAt) => `Recorded on ${startedAt.slice(0, 10)} at ${startedAt.slice(11, 16)} and not saved yet.`,
    stillHere: "The recording is still in this browser.",
    nothing: "Nothing was recorded.",
    oneAtATime: "Save or discard the other recording first.",
    notHere: "This browser can't record here. It needs a page served by https, or by this machine itself.",
    notKept: "This browser can't store the recording, so it is lost if the page is closed before it is saved.",
    refused: "The browser wasn't allowed to record.",
    noMicrophone: "No microphone was found.",
    silentTab: "The tab was shared without its sound. Share it again with “Also share tab audio”.",
  },
};
