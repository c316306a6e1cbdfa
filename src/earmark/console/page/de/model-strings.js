// The German texts about the models that answer.

export const modelStrings = {
  models: {
    choose: "Welches Modell antwortet",
    byDefault: (/** @type {string} */ model) => `Standard: ${model}`,
    builtIn: (/** @type {string} */ model) => `${model} (eingebaut)`,
    lead: "Wer in Chats antwortet. In einem Chat lässt sich unter der Frage ein anderes wählen.",
    forbidden: "Dein Schlüssel darf die Modelle nicht sehen.",
    because: (/** @type {string} */ setting) => `antwortet, weil die Einstellung ${setting} des Servers es nennt.`,
    becauseUnset: "antwortet, weil die Einstellung EARMARK_DEFAULT_PROVIDER kein anderes Modell nennt.",
    becauseNone: "antwortet, weil auf dem Server kein Sprachmodell eingerichtet ist.",
    isDefault: "Standard",
    quotes: "Zitiert, was gesagt wurde. Funktioniert ohne Netz.",
    writes: "Schreibt Antworten und zitiert, was gesagt wurde.",
    test: "Testen",
    testLabel: (/** @type {string} */ model) => `${model} testen`,
    testing: "Eine kurze Frage wird gestellt…",
    works: (/** @type {string} */ seconds) => `Hat in ${seconds.replace(".", ",")} s geantwortet.`,
    add: "Ein Modell hinzufügen",
    addLead: "Modelle und ihre Schlüssel werden auf dem Server eingestellt. Dieser Befehl schreibt die Einstellung und sagt, was noch fehlt:",
    found: (/** @type {string} */ title, /** @type {string} */ url, /** @type {string} */ names) =>
      `${title} läuft auf dem Rechner des Servers (${url}): ${names}`,
    empty: (/** @type {string} */ title, /** @type {string} */ url) => `${title} läuft auf dem Rechner des Servers (${url}) und hat noch kein Modell.`,
    copy: "Befehl kopieren",
    restart: "Starte danach den Server neu.",
  },
};
