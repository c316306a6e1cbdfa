"""The longest text of each column, in UTF-16 units: what a restored row may hold.

Every way in has its own limits, which answer with the wire's errors; these are at least as wide, because a backup
must be restorable. A column has the limit of its name, unless it is named with its table.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

_ID: Final = 80  # a prefix, `_` and 64 letters or digits
_WORD: Final = 64  # chosen by the code: a status, a role, a hash
_NAME: Final = 255
_JSON: Final = 1 << 20
_MESSAGE: Final = 1 << 24  # the longest body of a session import

TEXT_LIMITS: Final[dict[str, int]] = {
    **dict.fromkeys((
        "id", "about_end_user_id", "about_recording_id", "about_session_id", "actor", "caller_end_user",
        "end_user_id", "folder_id", "holder", "import_id", "job_id", "made", "media_id", "message_id", "object_id",
        "project_id", "recording_id", "session_id", "subject_id", "transcription_id", "turn_holder", "turn_message_id",
        "lease_owner", "delivery_id", "endpoint_id", "event_id", "summary_id", "template_id", "grant_id", "key_id",
        "made_by", "ends_with_key", "last_message_id",
    ), _ID),
    **dict.fromkeys((
        "action", "answered", "content_sha256", "content_type", "day", "error_code", "finish_reason", "gram", "hash",
        "hint", "import_sha256", "kind", "language", "method", "mode", "role", "scope_type", "sha256", "source",
        "recorded_precision", "section", "state", "status", "type", "disabled_reason", "secret_hint",
    ), _WORD),
    **dict.fromkeys((
        "device_id", "external_id", "file_name", "key", "label", "lease_host", "name", "unique_key",
    ), _NAME),
    "installation.name": 2_048,  # of an embedder that was in use
    **dict.fromkeys(("last_model", "last_provider", "model", "provider", "title", "asked_provider"), 200),
    **dict.fromkeys(("custom_prompt", "instructions"), 10_000),
    **dict.fromkeys(("output_json", "citations_json"), 4 * _JSON),
    "schema_json": 64 * 1024,
    "quote": 10_000,
    "oauth_clients.id": 1_024,
    "client_id": 1_024,
    "client_name": 100,
    "redirect_uri": 2_048,
    "redirect_uris_json": 64 * 1024,
    "code_challenge": 256,
    "content": _MESSAGE,
    "parts_json": _MESSAGE,
    "events_json": _MESSAGE,
    "chunk_json": _JSON,
    "data_json": _JSON,
    "payload_json": _JSON,
    "warnings_json": _JSON,
    "value_json": 16 * 1024,
    "earlier_json": 16 * 1024,
    "value": _JSON,
    "vocabulary_json": 64 * 1024,  # 100 terms of 64 units, each perhaps escaped
    "scope_json": 100_000,  # 500 ids and a name
    "metadata_json": 16 * 1024,
    "scopes_json": 1_024,
    "answer": 1_024,
    "description": 1_024,
    "email": 320,
    "embedder": 2_048,
    "engine": _NAME,
    "error_message": 1_024,
    "new_value": 10_000,  # of a correction: a segment's words
    "old_value": 10_000,
    "path": 1_024,
    "webhook_endpoints.events_json": 4_096,
    **dict.fromkeys(("previous_sealed", "secret_sealed"), 512),
    "sent": 1_024,
    "speaker": 128,
    "text": 10_000,
    "term": 100_000,  # a word of a segment; folding a letter makes at most a few
    "name_folded": 10 * _NAME,
    "title_folded": 10 * 200,
    "url": 2_048,
}  # fmt: skip


def text_limit(column: sa.Column[object]) -> int | None:
    """Return the longest text of a column; None if it holds none."""
    if not isinstance(column.type, sa.Text):
        return None
    return TEXT_LIMITS.get(f"{column.table.name}.{column.name}", 0) or TEXT_LIMITS[column.name]
