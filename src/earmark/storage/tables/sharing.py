"""The table of shared links. Their secrets are credentials, in `api_keys`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from earmark.storage.tables.columns import Int, Key, metadata, own_id, tenant, to

shares = Table(
    "shares",  # go with what they show, with their person, and with their credential
    metadata,
    tenant(),
    own_id(),
    Column("end_user_id", Key, nullable=False),  # whose chat or recording it is
    Column("key_id", Key, nullable=False),
    Column("kind", Key, nullable=False),  # chat | recording | moment
    Column("session_id", Key),
    Column("recording_id", Key),
    Column("start_ms", Int),  # of a moment
    Column("end_ms", Int),
    Column("with_words", Int, nullable=False),  # of a recording: its transcript
    Column("with_audio", Int, nullable=False),
    Column("last_ordinal", Int),  # of a chat: the last message that it shows
    Column("last_message_id", Key),  # what stands there later, such as another answer, is not shown
    Column("title", Text),  # of a chat, as it was
    Column("made_by", Key, nullable=False),  # a key's id
    Column("ends_with_key", Key),  # revoking this key ends the link
    Column("created_us", Int, nullable=False),
    Column("expires_us", Int, nullable=False),
    Column("opened_count", Int, nullable=False),
    Column("last_opened_us", Int),
    to("api_keys", "key_id"),
    to("end_users", "end_user_id"),
    to("ask_sessions", "session_id"),
    to("recordings", "recording_id"),
    Index(None, "tenant_id", "key_id", unique=True),
    Index(None, "tenant_id", "session_id"),
    Index(None, "tenant_id", "recording_id"),
    Index(None, "tenant_id", "end_user_id", "created_us", "id"),
    Index(None, "tenant_id", "created_us", "id"),
)
