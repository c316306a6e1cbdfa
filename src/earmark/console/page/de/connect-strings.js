// The German texts of the page that asks whether an assistant may see a person's recordings.

/** @type {Record<string, string>} */
const SCOPES = {
  "ask:read": "Frühere Chats lesen",
  "ask:write": "Fragen stellen, die als Chats gespeichert werden, und frühere Chats lesen",
  "folders:read": "Die Namen von Ordnern sehen",
  "recordings:read": "Aufnahmen sehen und darin suchen",
  "transcriptions:read": "Transkripte lesen",
  "summaries:read": "Zusammenfassungen lesen",
};

export const connectStrings = {
  connect: {
    title: (/** @type {string} */ name) => `„${name}“ verbinden?`,
    whose: (/** @type {string} */ name) => `Die App sieht dann die Aufnahmen von ${name}.`,
    may: "Sie darf:",
    scopes: SCOPES,
    until: (/** @type {string} */ day) => `Bis ${day}, oder bis sie 30 Tage lang nicht benutzt wird, oder bis du sie trennst.`,
    unknown: "So nennt sich die App selbst; niemand hat den Namen geprüft. Mach nur weiter, wenn du gerade begonnen hast, sie zu verbinden.",
    documented: (/** @type {string} */ address) =>
      `Die App ist unter ${address} beschrieben. Mach nur weiter, wenn du gerade begonnen hast, sie zu verbinden.`,
    back: (/** @type {string} */ host) => `Danach kommst du zurück zu ${host}.`,
    allow: "Verbinden",
    deny: "Abbrechen",
    another: "Andere Person",
    allowed: "Verbunden",
    denied: "Nicht verbunden",
    leave: "Du kommst jetzt zurück zur App. Diese Seite kannst du schließen.",
    wrong: "Diese App lässt sich nicht verbinden",
    wrongHint: "Fang in der App noch einmal an. Wenn es wieder passiert, wende dich an die Entwickler der App.",
    console: "Zur Konsole",
  },
};
