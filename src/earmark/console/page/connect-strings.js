// The texts of the page that asks whether an assistant may see a person's recordings.

/** @type {Record<string, string>} */
const SCOPES = {
  "ask:read": "Read earlier chats",
  "ask:write": "Ask questions, which are stored as chats, and read earlier chats",
  "folders:read": "See the names of folders",
  "recordings:read": "See recordings and search in them",
  "transcriptions:read": "Read transcripts",
  "summaries:read": "Read summaries",
};

export const connectStrings = {
  connect: {
    title: (/** @type {string} */ name) => `Connect “${name}”?`,
    whose: (/** @type {string} */ name) => `It will see the recordings of ${name}.`,
    may: "It may:",
    scopes: SCOPES,
    until: (/** @type {string} */ day) => `Until ${day}, or until it is not used for 30 days, or until you revoke it.`,
    unknown: "The name is what the app calls itself; nobody has checked it. Continue only if you have just started to connect it.",
    documented: (/** @type {string} */ address) => `The app is described at ${address}. Continue only if you have just started to connect it.`,
    back: (/** @type {string} */ host) => `You will be sent back to ${host}.`,
    allow: "Connect",
    deny: "Cancel",
    another: "Another person",
    allowed: "Connected",
    denied: "Not connected",
    leave: "You are being sent back to the app. You can close this page.",
    wrong: "This app can't be connected",
    wrongHint: "Start again in the app. If it happens again, tell the app's developer.",
    console: "Go to the console",
  },
};
