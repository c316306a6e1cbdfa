"""Tables of summaries: what was made of a transcript, its items across recordings, and templates of the operator."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text

from earmark.storage.tables.columns import Int, Key, metadata, own_id, tenant, to

summaries = Table(
    "summaries",  # go with their transcript
    metadata,
    tenant(),
    own_id(),
    Column("end_user_id", Key, nullable=False),
    Column("recording_id", Key, nullable=False),
    Column("transcription_id", Key, nullable=False),
    Column("transcription_revision", Int, nullable=False),
    Column("status", Key, nullable=False),  # pending | processing | completed | failed
    Column("template_id", Key),  # else there is a prompt
    Column("custom_prompt", Text),
    Column("asked_provider", Text),  # as the request named it
    Column("provider", Text),  # that wrote it; null: the built-in one, unless it was named
    Column("model", Text),
    Column("output_json", Text),
    Column("citations_json", Text),  # by JSON pointer into the output
    Column("dropped_items", Int),  # of a model, that no passage supports
    Column("error_code", Key),
    Column("error_message", Text),
    Column("job_id", Key),
    Column("started_us", Int),
    Column("completed_us", Int),
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    to("recordings", "recording_id"),
    to("transcriptions", "transcription_id"),
    Index(None, "tenant_id", "end_user_id", "created_us", "id"),
    Index(None, "tenant_id", "created_us", "id"),
    Index(None, "tenant_id", "transcription_id", "created_us", "id"),
    Index(None, "tenant_id", "recording_id", "created_us", "id"),
)

summary_items = Table(
    "summary_items",  # decisions, action items and open questions of a recording's newest summary that has any
    metadata,
    tenant(),
    own_id(),  # of the summary, then a number that falls: in descending order of ids they stand in theirs
    Column("end_user_id", Key, nullable=False),
    Column("summary_id", Key, nullable=False),
    Column("recording_id", Key, nullable=False),
    Column("kind", Key, nullable=False),  # decision | action_item | open_question
    Column("text", Text, nullable=False),
    Column("speaker", Text),
    Column("start_ms", Int),
    Column("end_ms", Int),
    Column("quote", Text),
    to("summaries", "summary_id"),
    to("recordings", "recording_id"),
    Index(None, "tenant_id", "end_user_id", "kind", "id"),
    Index(None, "tenant_id", "recording_id"),
    Index(None, "tenant_id", "summary_id"),
)

summary_templates = Table(
    "summary_templates",  # the operator's; the built-in ones are in the code
    metadata,
    tenant(),
    own_id(),
    Column("name", Text, nullable=False),
    Column("instructions", Text, nullable=False),
    Column("schema_json", Text, nullable=False),
    Column("created_us", Int, nullable=False),
    Column("updated_us", Int, nullable=False),
    Index(None, "tenant_id", "created_us", "id"),
)
