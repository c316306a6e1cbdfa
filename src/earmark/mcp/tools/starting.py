"""Tools of a project that start work which takes a while: transcriptions and summaries."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from earmark.api.routes import summaries as summary_routes
from earmark.api.routes import transcriptions as transcription_routes
from earmark.api.wire.common import RecordingIdField
from earmark.api.wire.summaries import SummaryBody, SummaryRow, TemplateIdField, TranscriptionIdField
from earmark.api.wire.transcriptions import LanguageField, Term, TranscriptionBody, TranscriptionRow
from earmark.lengths import check_length
from earmark.mcp.tool import Arguments, ToolCall, Tools, parse_arguments
from earmark.mcp.tools.shared import answer_of
from earmark.speech.types import ProviderName

tools = Tools()


class TranscriptionArguments(Arguments):
    """A recording, and how its audio is to be transcribed."""

    recording_id: RecordingIdField
    language: LanguageField | None = Field(None, description="Spoken in it, if known: a BCP 47 tag.")
    provider: ProviderName | None = Field(None, description="Whose engine; absent: the server's default.")
    diarization: bool = Field(True, description="Whether to tell speakers apart.")
    vocabulary: Annotated[list[Term], Field(max_length=100)] = Field([], description="Terms that may be said.")


class SummaryArguments(Arguments):
    """A transcript, and what its summary is made by: exactly one of `template_id` and `prompt`."""

    transcription_id: TranscriptionIdField = Field(description="A recording's transcription_id.")
    template_id: TemplateIdField | None = Field(None, description="For example tmpl_general_notes.")
    prompt: Annotated[str, check_length(10, 10_000)] | None = Field(None, description="Instead of a template.")
    provider: Annotated[str, check_length(1, 64)] | None = Field(None, description="Which model writes.")


@tools.add("create_transcription", "Transcribe a recording", "transcriptions:write", takes=TranscriptionArguments,
           gives=TranscriptionRow, is_project_wide=True, changes=True, limits=("transcriptions", "jobs"))  # fmt: skip
async def create_transcription(asked: ToolCall, given: TranscriptionArguments) -> Any:
    """Start to transcribe a recording's audio. Once it is done, get_recording shows its transcription_id."""
    body = parse_arguments(TranscriptionBody, given.model_dump())
    shown = await answer_of(transcription_routes.create_transcription, asked, body=body)
    return {name: shown[name] for name in TranscriptionRow.model_fields}


@tools.add("create_summary", "Summarise a transcript", "summaries:write", takes=SummaryArguments, gives=SummaryRow,
           is_project_wide=True, changes=True, limits=("summaries", "jobs"))  # fmt: skip
async def create_summary(asked: ToolCall, given: SummaryArguments) -> Any:
    """Start a summary of a transcript, by a template or a prompt. get_my_summary reads it once it is done."""
    body = parse_arguments(SummaryBody, given.model_dump())
    shown = await answer_of(summary_routes.create_summary, asked, body=body)
    return {name: shown[name] for name in SummaryRow.model_fields}
