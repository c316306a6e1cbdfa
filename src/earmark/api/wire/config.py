"""Wire models of the configuration. Unlike elsewhere, a key that isn't known is refused: a typo would do nothing."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from earmark.api.wire.common import Body, Shown, is_whole
from earmark.lengths import check_length
from earmark.processing.sections import DEFAULT_TEMPLATE, MOST_DAYS
from earmark.processing.types import MERGE_STRATEGY, Resolved, Section

TEMPLATE_PATTERN = r"^tmpl_[A-Za-z0-9_]{1,64}$"
Days = Annotated[int, Field(ge=1, le=MOST_DAYS), is_whole]
TemplateId = Annotated[str, Field(pattern=TEMPLATE_PATTERN), check_length(6, 69)]


class ConfigBody(Body):
    """The keys to set; null unsets one, and one that isn't named stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SwitchBody(ConfigBody):
    """Whether something is done by itself."""

    enabled: bool | None = None


class AutoSummaryBody(SwitchBody):
    """Whether transcripts are summarised by themselves, and by which template."""

    template: TemplateId | None = Field(None, examples=[DEFAULT_TEMPLATE])


class ProcessingBody(ConfigBody):
    """What a project or an end user sets of `processing`."""

    auto_transcription: SwitchBody | None = None
    auto_summary: AutoSummaryBody | None = None
    auto_embedding: SwitchBody | None = None
    auto_enhancement: SwitchBody | None = None


class RetentionBody(ConfigBody):
    """What a project or an end user sets of `retention`, in days."""

    audio_days: Days | None = Field(None, description="Counted from the upload's completion.")
    transcript_days: Days | None = Field(None, description="Counted from the transcription's `completed_at`.")
    session_days: Days | None = Field(None, description="Counted from the session's `last_message_at`.")


class SectionShown(Shown):
    """A section of the configuration."""

    section: str = Field(examples=["processing"])
    description: str
    defaults: dict[str, Any]
    levels: list[str] = Field(description="Who may set it; a later one wins.", examples=[["project", "end_user"]])
    merge_strategy: str = Field(examples=[MERGE_STRATEGY])


class SectionsShown(Shown):
    """All sections."""

    data: list[SectionShown]


class ConfigShown(Shown):
    """A section as it is in force."""

    value: dict[str, Any]
    source: str = Field(description="The nearest level that sets anything of it.", examples=["project"])
    definition: SectionShown


def section_to_wire(section: Section) -> dict[str, Any]:
    """Return a section as the contract shows it."""
    return {
        "section": section.name,
        "description": section.description,
        "defaults": section.defaults,
        "levels": list(section.levels),
        "merge_strategy": MERGE_STRATEGY,
    }


def config_to_wire(resolved: Resolved) -> dict[str, Any]:
    """Return a section's value as the contract shows it."""
    return {"value": resolved.value, "source": resolved.source, "definition": section_to_wire(resolved.section)}
