"""The sections of the configuration, with their defaults."""

from __future__ import annotations

from typing import Final

from earmark.processing.errors import UnknownSectionError
from earmark.processing.types import Section

DEFAULT_TEMPLATE: Final = "tmpl_general_notes"
MOST_DAYS: Final = 36_500
PROCESSING: Final = Section(
    "processing",
    "What happens automatically with a recording: transcribing its audio, summarising its transcript, making vectors "
    "for search by meaning.",
    {
        "auto_transcription": {"enabled": False},
        "auto_summary": {"enabled": False, "template": DEFAULT_TEMPLATE},
        "auto_embedding": {"enabled": True},
        "auto_enhancement": {"enabled": False},
    },
)
RETENTION: Final = Section(
    "retention",
    "After how many days audio, transcripts and Ask sessions are deleted; null: never. A shortened value takes effect "
    "after 24 hours.",
    {"audio_days": None, "transcript_days": None, "session_days": None},
)
SECTIONS: Final = {section.name: section for section in (PROCESSING, RETENTION)}


def get_section(name: str) -> Section:
    """Return the section of this name.

    Raises: UnknownSectionError.
    """
    found = SECTIONS.get(name)
    if found is None:
        raise UnknownSectionError(SECTIONS)
    return found
