"""Tables of running transcriptions: what was asked, how far they are, and what was heard so far."""

from __future__ import annotations

from sqlalchemy import Column, Float, Table, Text

from earmark.storage.tables.columns import Int, Key, metadata, tenant, to

hearings = Table(
    "hearings",  # goes when its transcription has ended
    metadata,
    tenant(),
    Column("transcription_id", Key, primary_key=True),
    Column("end_user_id", Key, nullable=False),
    Column("media_id", Key, nullable=False),  # the audio, whatever is uploaded later
    Column("job_id", Key, nullable=False),
    Column("diarization", Int, nullable=False),  # 1: speakers are told apart if the engine can
    Column("vocabulary_json", Text),  # terms that may be said
    Column("language", Key),  # heard, not asked for
    Column("heard_until_ms", Int, nullable=False),  # from there a later run goes on
    Column("progress", Float, nullable=False),  # 0 to 1
    Column("decoded_ms", Int),  # the length of the audio, once all of it is heard
    Column("is_partial", Int, nullable=False),  # 1: the audio is damaged
    Column("updated_us", Int, nullable=False),
    Column("sent", Text),  # what a vendor has and works on: goes when its words are heard
    to("transcriptions", "transcription_id"),
    sqlite_with_rowid=False,
)

heard_segments = Table(
    "heard_segments",  # in the order in which they were heard; become the transcript's segments
    metadata,
    tenant(),
    Column("transcription_id", Key, primary_key=True),
    Column("ordinal", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("start_ms", Int, nullable=False),
    Column("end_ms", Int, nullable=False),
    Column("speaker", Text),  # the engine's label
    Column("text", Text, nullable=False),
    Column("confidence", Float),
    to("hearings", "transcription_id", parent_columns=("transcription_id",)),
    sqlite_with_rowid=False,
)
