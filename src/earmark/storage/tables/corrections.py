"""Tables of corrected transcripts: what they were before, and who changed what."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from earmark.storage.tables.columns import Int, Key, metadata, tenant, to

original_segments = Table(
    "original_segments",  # of corrected segments only: as they came
    metadata,
    tenant(),
    Column("transcription_id", Key, primary_key=True),
    Column("ordinal", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("speaker", Text),
    Column("text", Text, nullable=False),
    to("transcriptions", "transcription_id"),
    sqlite_with_rowid=False,
)

transcript_revisions = Table(
    "transcript_revisions",  # one row a correction; revision 1 is the transcript as it came and has none
    metadata,
    tenant(),
    Column("transcription_id", Key, primary_key=True),
    Column("revision", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("actor", Key, nullable=False),  # the id of the credential
    Column("made", Key),  # what every try of one request with an Idempotency-Key says
    Column("change_count", Int, nullable=False),
    Column("created_us", Int, nullable=False),
    to("transcriptions", "transcription_id"),
    sqlite_with_rowid=False,
)

transcript_changes = Table(
    "transcript_changes",
    metadata,
    tenant(),
    Column("transcription_id", Key, primary_key=True),
    Column("revision", Int, primary_key=True, autoincrement=False),
    Column("ordinal", Int, primary_key=True, autoincrement=False),
    Column("end_user_id", Key, nullable=False),
    Column("kind", Key, nullable=False),  # corrections/types.py: ChangeKind
    Column("segment", Int),  # which; None: all of the speaker
    Column("segment_count", Int, nullable=False),
    Column("old_value", Text),
    Column("new_value", Text),
    to("transcript_revisions", "transcription_id", "revision", parent_columns=("transcription_id", "revision")),
    sqlite_with_rowid=False,
)
