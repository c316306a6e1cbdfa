// The English texts about the models that answer.

export const modelStrings = {
  models: {
    choose: "Which model answers",
    byDefault: (/** @type {string} */ model) => `Default: ${model}`,
    builtIn: (/** @type {string} */ model) => `${model} (built in)`,
    lead: "Who answers in chats. In a chat another one can be chosen below the question.",
    forbidden: "Your key may not see the models.",
    because: (/** @type {string} */ setting) => `answers, because the server's setting ${setting} names it.`,
    becauseUnset: "answers, because the setting EARMARK_DEFAULT_PROVIDER names no other model.",
    becauseNone: "answers, because no language model is configured on the server.",
    isDefault: "default",
    quotes: "Quotes what was said. Works without a network.",
    writes: "Writes answers and cites what was said.",
    test: "Test",
    testLabel: (/** @type {string} */ model) => `Test ${model}`,
    testing: "Asking it a short question…",
    works: (/** @type {string} */ seconds) => `Answered in ${seconds} s.`,
    add: "Add a model",
    addLead: "Models and their keys are set on the server. This command writes the setting, and says what is still missing:",
    found: (/** @type {string} */ title, /** @type {string} */ url, /** @type {string} */ names) => `${title} runs on the server's machine (${url}): ${names}`,
    empty: (/** @type {string} */ title, /** @type {string} */ url) => `${title} runs on the server's machine (${url}) and has no model yet.`,
    copy: "Copy the command",
    restart: "Restart the server afterwards.",
  },
};
