// Names a chat's scope.

import { strings } from "./strings.js";

/** @param {import("./session-store.js").Scope} scope */
export function scopeName(scope) {
  return [recordingsName(scope), scope.speaker].filter(Boolean).join(" · ");
}

/** @param {import("./session-store.js").Scope} scope */
function recordingsName(scope) {
  if (scope.type === "recording") return scope.recording_title ?? strings.scope.unnamed;
  if (scope.type === "selected") return strings.scope.chosen(scope.recording_ids.length);
  if (scope.type === "folder") return scope.folder_name ?? strings.scope.folder;
  return strings.scope.everything;
}
