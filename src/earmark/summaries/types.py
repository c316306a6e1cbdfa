"""Immutable values of summaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import orjson

from earmark.library.types import Filters

SummaryStatus = Literal["pending", "processing", "completed", "failed"]
ItemKind = Literal["decision", "action_item", "open_question"]
OPEN_STATUSES: Final = ("pending", "processing")


@dataclass(frozen=True, slots=True)
class Citation:
    """A moment that an item rests on; `quote` is verbatim in the transcript."""

    recording_id: str
    start_ms: int
    end_ms: int
    quote: str

    def to_wire(self) -> dict[str, Any]:
        """Return it as the contract shows it."""
        return {
            "recording_id": self.recording_id, "start_ms": self.start_ms, "end_ms": self.end_ms, "quote": self.quote,
        }  # fmt: skip


Citations = Mapping[str, Sequence[Citation]]
"""By JSON pointer into the output."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a summary is to be: a template or a prompt, and the provider that was named, if any."""

    template_id: str | None = None
    prompt: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary of one transcript. It waits, is written by a job, and then has an output or an error.

    `transcription_revision` is what it was asked for, `current_revision` what the transcript has now.
    """

    id: str
    end_user_id: str
    recording_id: str
    transcription_id: str
    transcription_revision: int
    status: SummaryStatus
    template_id: str | None
    custom_prompt: str | None
    asked_provider: str | None
    provider: str | None
    model: str | None
    output_json: str | None
    citations_json: str | None
    dropped_items: int | None
    error_code: str | None
    error_message: str | None
    job_id: str | None
    started_us: int | None
    completed_us: int | None
    created_us: int
    updated_us: int
    current_revision: int

    @property
    def is_stale(self) -> bool:
        """Whether the transcript was corrected since."""
        return self.transcription_revision != self.current_revision

    @property
    def wanted(self) -> Wanted:
        """What was asked for."""
        return Wanted(self.template_id, self.custom_prompt, self.asked_provider)

    @property
    def output(self) -> dict[str, Any] | None:
        """The output, once it is completed."""
        return None if self.output_json is None else orjson.loads(self.output_json)

    @property
    def citations(self) -> dict[str, list[Citation]]:
        """The moments of its items by JSON pointer."""
        found = orjson.loads(self.citations_json or "{}")
        return {pointer: [Citation(**one) for one in cited] for pointer, cited in found.items()}


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a model was paid for."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """A finished output. `provider` is as shown: None for the built-in summariser, unless it was named."""

    output: Mapping[str, Any]
    citations: Citations
    provider: str | None
    model: str
    dropped_items: int = 0
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Template:
    """What a summary is made by. `schema` is a JSON schema of strings, arrays of strings and objects of them."""

    id: str
    name: str
    instructions: str
    schema: Mapping[str, Any]
    created_us: int = 0
    updated_us: int = 0

    @property
    def is_built_in(self) -> bool:
        """Whether it comes with the program."""
        return not self.created_us


@dataclass(frozen=True, slots=True)
class Item:
    """One decision, action item or open question, with the recording it is of; its moment if it has one."""

    id: str
    end_user_id: str
    summary_id: str
    recording_id: str
    kind: ItemKind
    text: str
    speaker: str | None
    start_ms: int | None
    end_ms: int | None
    quote: str | None
    recording_name: str | None = None
    recorded_us: int | None = None
    when_us: int = 0


@dataclass(frozen=True, slots=True)
class SummaryFilters(Filters):
    """Narrows a list of summaries."""

    transcription_id: str | None = None
    recording_id: str | None = None


@dataclass(frozen=True, slots=True)
class ItemFilters(Filters):
    """Narrows a list of items. `recorded_after` is inclusive, `recorded_before` exclusive."""

    kind: str | None = None
    end_user_id: str | None = None
    speaker: str | None = None
    recorded_after: int | None = None
    recorded_before: int | None = None
