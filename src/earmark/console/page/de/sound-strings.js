// The German texts about recording in the browser.

import { LOCALE } from "./locale.js";

export const soundStrings = {
  sound: {
    record: "Aufnehmen",
    title: "Aufnehmen",
    name: "Name",
    named: (/** @type {Date} */ now) => `Aufnahme, ${now.toLocaleString(LOCALE, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" })}`,
    source: "Was aufnehmen?",
    microphone: "Das Mikrofon",
    tab: "Das Mikrofon und den Ton eines Tabs",
    begin: "Aufnahme beginnen",
    recording: "Aufnahme läuft",
    paused: "Angehalten",
    pause: "Anhalten",
    goOn: "Fortsetzen",
    stop: "Beenden und speichern",
    discard: "Verwerfen",
    asking: "Wartet auf die Erlaubnis des Browsers…",
    discardTitle: "Aufnahme verwerfen?",
    discardText: (/** @type {string} */ name) => `„${name}“ wird endgültig gelöscht.`,
    keep: "Speichern",
    loudness: "Lautstärke",
    sending: "An den Server gesendet",
    left: (/** @type {string} */ startedAt) =>
      `Aufgenommen am ${startedAt.slice(0, 10).split("-").reverse().join(".")} um ${startedAt.slice(11, 16)} und noch nicht gespeichert.`,
    stillHere: "Die Aufnahme ist noch in diesem Browser.",
    nothing: "Es wurde nichts aufgenommen.",
    oneAtATime: "Speichere oder verwirf zuerst die andere Aufnahme.",
    notHere: "Dieser Browser kann hier nicht aufnehmen. Die Seite muss über https oder von diesem Rechner selbst kommen.",
    notKept: "Dieser Browser kann die Aufnahme nicht aufbewahren; sie geht verloren, wenn die Seite vor dem Speichern geschlossen wird.",
    refused: "Der Browser durfte nicht aufnehmen.",
    noMicrophone: "Es wurde kein Mikrofon gefunden.",
    silentTab: "Der Tab wurde ohne Ton geteilt. Teile ihn noch einmal, mit „Tab-Audio teilen“.",
  },
};
