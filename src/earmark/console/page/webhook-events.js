// The events that webhooks tell of.

export const EVENTS = [
  "recording.created", "recording.uploaded", "recording.updated", "recording.deleted",
  "transcription.started", "transcription.completed", "transcription.failed",
  "summary.started", "summary.completed", "summary.failed",
  "ask_turn.completed", "ask_turn.failed", "end_user.deleted", "webhook_endpoint.disabled", "webhook_endpoint.test",
];

/** Those that a person can ask for by name; a test is sent to the endpoint that is tested in any case. */
export const CHOSEN_EVENTS = EVENTS.filter((one) => one !== "webhook_endpoint.test");
