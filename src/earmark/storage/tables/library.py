"""Tables of end users, recordings, folders, media and transcripts."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Float, Index, Table, Text

from earmark.storage.tables.columns import Int, Key, metadata, own_id, tenant, to

end_users = Table(
    "end_users",
    metadata,
    tenant(),
    own_id(),
    Column("number", Int, nullable=False),
    Column("external_id", Key),
    Column("email", Text),
    Column("name", Text),
    Column("metadata_json", Text),
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    sa.UniqueConstraint("tenant_id", "external_id"),
    sa.UniqueConstraint("tenant_id", "number"),
    Index(None, "tenant_id", "created_us", "id"),
)

recordings = Table(
    "recordings",
    metadata,
    tenant(),
    own_id(),
    Column("number", Int, nullable=False),
    Column("end_user_id", Key, nullable=False),
    Column("device_id", Text),
    Column("source", Key, nullable=False),
    Column("name", Text),
    Column("name_folded", Key),
    Column("status", Key, nullable=False),
    Column("duration_ms", Int),
    Column("recorded_us", Int),
    Column("recorded_offset_min", Int),  # minutes east of UTC where it was recorded
    Column("recorded_precision", Text),  # day, if the time of day is unknown
    Column("ended_us", Int),
    Column("metadata_json", Text),
    Column("transcription_id", Key),  # the current completed one
    Column("content_sha256", Key),  # of the audio, hexadecimal
    Column("content_sha256_verified_us", Int),
    Column("file_size_bytes", Int),
    Column("import_sha256", Key),  # of the imported file's bytes, to skip files imported before
    Column("media_id", Key),  # the current audio: the upload that was verified last
    Column("last_seq", Int, nullable=False, server_default="0"),  # of its transcriptions and media
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    to("end_users", "end_user_id"),
    sa.UniqueConstraint("tenant_id", "number"),
    sa.UniqueConstraint("tenant_id", "end_user_id", "import_sha256"),
    Index(None, "tenant_id", "created_us", "id"),
    Index(None, "tenant_id", "end_user_id", "created_us", "id"),
    Index("ix_recordings_recorded", "tenant_id", "end_user_id", "recorded_us", "id"),
)

transcriptions = Table(
    "transcriptions",
    metadata,
    tenant(),
    own_id(),
    Column("recording_id", Key, nullable=False),
    Column("end_user_id", Key, nullable=False),
    Column("status", Key, nullable=False),
    Column("language", Key),
    Column("provider", Key),
    Column("engine", Key, nullable=False),
    Column("word_count", Int),
    Column("confidence", Float),
    Column("duration_ms", Int),
    Column("error_message", Text),
    Column("started_us", Int),
    Column("completed_us", Int),
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    Column("seq", Int, nullable=False, server_default="0"),  # what replaces what: clocks step back
    Column("warnings_json", Text),  # what was repaired or left out when it was imported
    Column("warnings_total", Int, nullable=False, server_default="0"),
    Column("error_code", Text),  # why it failed, for programs
    Column("is_heard", Int, nullable=False, server_default="0"),  # 1: a job makes it of the recording's audio
    Column("revision", Int, nullable=False, server_default="1"),  # raised by each correction
    to("recordings", "recording_id"),
    Index(None, "tenant_id", "created_us", "id"),
    Index(None, "tenant_id", "end_user_id", "created_us", "id"),
    # The end user is in the index, so that another end user's recording takes as long as a missing one.
    Index("uq_transcriptions_seq", "tenant_id", "recording_id", "end_user_id", "seq", unique=True),
)

segments = Table(
    "segments",
    metadata,
    tenant(),
    Column("transcription_id", Key, primary_key=True),
    Column("ordinal", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("start_ms", Int, nullable=False),
    Column("end_ms", Int, nullable=False),
    Column("speaker", Text),
    Column("text", Text, nullable=False),
    Column("confidence", Float),
    Column("is_unclear", Int),  # 1: a person marked it so; else None
    to("transcriptions", "transcription_id"),
    sqlite_with_rowid=False,
)

transcript_speakers = Table(
    "transcript_speakers",  # who speaks in a transcript, and how much
    metadata,
    tenant(),
    Column("transcription_id", Key, primary_key=True),
    Column("name", Key, primary_key=True),
    Column("end_user_id", Key, nullable=False),
    Column("segment_count", Int, nullable=False),
    Column("spoken_ms", Int, nullable=False),
    to("transcriptions", "transcription_id"),
    Index("ix_transcript_speakers_name", "tenant_id", "end_user_id", "name"),
    sqlite_with_rowid=False,
)

folders = Table(
    "folders",
    metadata,
    tenant(),
    own_id(),
    Column("end_user_id", Key, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    to("end_users", "end_user_id"),
    Index(None, "tenant_id", "created_us", "id"),
    Index(None, "tenant_id", "end_user_id", "created_us", "id"),
)

folder_recordings = Table(
    "folder_recordings",  # a recording may be in several folders of its end user
    metadata,
    tenant(),
    Column("folder_id", Key, primary_key=True),
    Column("recording_id", Key, primary_key=True),
    Column("end_user_id", Key, nullable=False),
    Column("added_us", Int, nullable=False),
    to("folders", "folder_id"),
    to("recordings", "recording_id"),
    Index(None, "tenant_id", "recording_id"),
    # Another end user's folder takes as long as a missing one.
    Index("ix_folder_recordings_end_user", "tenant_id", "folder_id", "end_user_id"),
    sqlite_with_rowid=False,
)

media = Table(
    "media",  # audio of a recording; the bytes are in the media store under tenant and id
    metadata,
    tenant(),
    own_id(),
    Column("recording_id", Key, nullable=False),
    Column("end_user_id", Key, nullable=False),
    Column("status", Key, nullable=False),  # waiting | received | verified | failed
    Column("content_type", Key, nullable=False),
    Column("size_bytes", Int),  # as declared, then as received
    Column("sha256", Key),  # of the bytes received, hexadecimal
    Column("expires_us", Int, nullable=False),  # of the upload
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    Column("seq", Int, nullable=False, server_default="0"),  # which upload was begun last
    to("recordings", "recording_id"),
    Index("uq_media_seq", "tenant_id", "recording_id", "end_user_id", "seq", unique=True),
    Index(None, "tenant_id", "status", "expires_us"),
)
