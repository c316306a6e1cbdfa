"""Wire models of summaries, their items and templates."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from earmark.api.wire.common import (
    ID_PATTERN,
    NOT_BLANK,
    Body,
    EndUserIdField,
    ListQuery,
    RecordingIdField,
    Shown,
    TimeField,
)
from earmark.clock import render_time, render_time_or_none
from earmark.ids import is_id
from earmark.lengths import check_json_size, check_length
from earmark.summaries.types import Item, Summary, Template
from earmark.text import trim

_OUTPUT_KIB = 512
_MOST_DEPTH = 8
_MOST_VALUES = 2_000


def _check_transcription(value: str) -> str:
    if not is_id(value, "txn"):
        raise ValueError("must be an id that starts with txn_")
    return value


def _check_template(value: str) -> str:
    if not is_id(value, "tmpl"):
        raise ValueError("must be an id that starts with tmpl_")
    return value


def _check_depth(value: dict[str, Any]) -> dict[str, Any]:
    if _depth_of(value) > _MOST_DEPTH:
        raise ValueError(f"must be at most {_MOST_DEPTH} levels deep")
    return value


def _check_count(value: dict[str, Any]) -> dict[str, Any]:
    if _count_of(value) > _MOST_VALUES:
        raise ValueError(f"must have at most {_MOST_VALUES} values")
    return value


def _count_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return len(inner) + sum(map(_count_of, inner))


def _depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth_of, inner), default=0)


TranscriptionIdField = Annotated[
    str, AfterValidator(_check_transcription), WithJsonSchema({"type": "string", "pattern": f"^txn_{ID_PATTERN}"})
]
TemplateIdField = Annotated[
    str, AfterValidator(_check_template), WithJsonSchema({"type": "string", "pattern": "^tmpl_[A-Za-z0-9_]{1,64}$"})
]
Name = Annotated[
    str, AfterValidator(trim), check_length(1, 255),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 255, "pattern": NOT_BLANK}),
]  # fmt: skip
Instructions = Annotated[str, check_length(1, 10_000)]
Schema = Annotated[
    dict[str, Any], check_json_size(16), WithJsonSchema({"type": "object", "properties": {"type": {"const": "object"}}})
]
Output = Annotated[
    dict[str, Any],
    check_json_size(_OUTPUT_KIB),
    AfterValidator(_check_depth),
    AfterValidator(_check_count),
    WithJsonSchema({"type": "object"}),
]


class SummaryBody(Body):
    """A summary to make, by exactly one of `template_id` and `prompt`."""

    transcription_id: TranscriptionIdField = Field(examples=["txn_4bCdEfGh1jKlMn0pQrStUvWx"])
    template_id: TemplateIdField | None = Field(None, examples=["tmpl_general_notes"])
    prompt: Annotated[str, check_length(10, 10_000)] | None = Field(None, description="Instead of a template.")
    provider: Annotated[str, check_length(1, 64)] | None = Field(
        None, description="Which model writes: `earmark` (built in), or one that is configured; else the default."
    )


class SummaryChanges(Body):
    """A person's corrections: the whole output."""

    output: Output


class SummaryListQuery(ListQuery):
    """Filters of the list of summaries."""

    transcription_id: TranscriptionIdField | None = None
    recording_id: RecordingIdField | None = None


class ItemListQuery(ListQuery):
    """Filters of the list of items."""

    kind: Literal["decision", "action_item", "open_question"] | None = None
    end_user_id: EndUserIdField | None = Field(None, description="Only this end user's.")
    speaker: Annotated[str, check_length(1, 128)] | None = Field(None, description="Who says it, exactly.")
    recorded_after: TimeField | None = Field(None, description="Inclusive.")
    recorded_before: TimeField | None = Field(None, description="Exclusive.")


class CitationShown(Shown):
    """A moment that an item rests on; the quote is verbatim."""

    recording_id: str
    start_ms: int
    end_ms: int
    quote: str


class SummaryRow(Shown):
    """A summary without its output."""

    id: str = Field(examples=["sum_3bCdEfGh1jKlMn0pQrStUvWx"])
    project_id: str
    recording_id: str
    transcription_id: str
    transcription_revision: int
    is_stale: bool = Field(description="Whether the transcript was corrected since.")
    status: Literal["pending", "processing", "completed", "failed"]
    template_id: str | None
    provider: str | None = Field(description="Null: the built-in summariser, unless it was named.")
    model: str | None
    custom_prompt: str | None
    dropped_items: int | None = Field(description="Items of a model that no passage supports.")
    error: str | None = Field(
        description="`transcript_too_short`, `template_not_found`, `processing_error` or `cancelled`."
    )
    error_message: str | None
    started_at: str | None
    completed_at: str | None
    created_at: str
    updated_at: str


class SummaryShown(SummaryRow):
    """A summary with its output, and the moments of its items."""

    output: dict[str, Any] | None = Field(description="As its template says; null until it is completed.")
    citations: dict[str, list[CitationShown]] = Field(description="By JSON pointer into `output`.")


class SummaryPage(Shown):
    """A page of summaries, newest first."""

    data: list[SummaryRow]
    has_more: bool
    next_cursor: str | None


class ItemShown(Shown):
    """A decision, action item or open question."""

    kind: Literal["decision", "action_item", "open_question"]
    text: str
    speaker: str | None
    end_user_id: str
    recording_id: str
    recording_name: str | None
    recorded_at: str | None
    summary_id: str
    citation: CitationShown | None = Field(description="Null for an item that a person wrote.")


class ItemPage(Shown):
    """A page of items, newest recording first."""

    data: list[ItemShown]
    has_more: bool
    next_cursor: str | None


class TemplateBody(Body):
    """A template: what a model is told, and the shape of the output."""

    name: Name = Field(examples=["Stand-up"])
    instructions: Instructions = Field(examples=["Write down who is blocked by what."])
    output_schema: Schema = Field(
        alias="schema",
        description="A JSON schema of strings, arrays of strings, and objects of them, at most 16 KiB and 4 levels.",
        examples=[{"type": "object", "properties": {"blockers": {"type": "array", "items": {"type": "string"}}}}],
    )


class TemplateChanges(Body):
    """Changes of a template; what is left out stays."""

    name: Name | None = None
    instructions: Instructions | None = None
    output_schema: Schema | None = Field(None, alias="schema")


class TemplateShown(Shown):
    """A template of summaries. The built-in ones have no times."""

    id: str
    name: str
    instructions: str
    output_schema: dict[str, Any] = Field(alias="schema")
    is_built_in: bool
    created_at: str | None
    updated_at: str | None


class TemplatePage(Shown):
    """All templates: the built-in ones, then the project's, newest first."""

    data: list[TemplateShown]
    has_more: bool
    next_cursor: str | None


def summary_row(one: Summary, project_id: str) -> dict[str, Any]:
    """Return a summary without its output."""
    return {
        "id": one.id,
        "project_id": project_id,
        "recording_id": one.recording_id,
        "transcription_id": one.transcription_id,
        "transcription_revision": one.transcription_revision,
        "is_stale": one.is_stale,
        "status": one.status,
        "template_id": one.template_id,
        "provider": one.provider,
        "model": one.model,
        "custom_prompt": one.custom_prompt,
        "dropped_items": one.dropped_items,
        "error": one.error_code,
        "error_message": one.error_message,
        "started_at": render_time_or_none(one.started_us),
        "completed_at": render_time_or_none(one.completed_us),
        "created_at": render_time(one.created_us),
        "updated_at": render_time(one.updated_us),
    }


def summary_to_wire(one: Summary, project_id: str) -> dict[str, Any]:
    """Return a summary as the contract shows it."""
    citations = {pointer: [cited.to_wire() for cited in found] for pointer, found in one.citations.items()}
    return {**summary_row(one, project_id), "output": one.output, "citations": citations}


def item_to_wire(one: Item) -> dict[str, Any]:
    """Return an item with its moment."""
    citation = {
        "recording_id": one.recording_id, "start_ms": one.start_ms, "end_ms": one.end_ms, "quote": one.quote,
    }  # fmt: skip
    return {
        "kind": one.kind,
        "text": one.text,
        "speaker": one.speaker,
        "end_user_id": one.end_user_id,
        "recording_id": one.recording_id,
        "recording_name": one.recording_name,
        "recorded_at": render_time_or_none(one.recorded_us),
        "summary_id": one.summary_id,
        "citation": None if one.start_ms is None else citation,
    }


def template_to_wire(one: Template) -> dict[str, Any]:
    """Return a template as it is shown."""
    return {
        "id": one.id,
        "name": one.name,
        "instructions": one.instructions,
        "schema": one.schema,
        "is_built_in": one.is_built_in,
        "created_at": render_time_or_none(one.created_us or None),
        "updated_at": render_time_or_none(one.updated_us or None),
    }
