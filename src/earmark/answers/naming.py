"""By which words a question may call a recording."""

from __future__ import annotations

from datetime import UTC, datetime

from earmark.retrieval.analysis import terms_of_name


def terms_of_recording(name: str | None, recorded_us: int | None) -> frozenset[str]:
    """Return the index terms of a recording's name, and of its month, day and year."""
    when = "" if recorded_us is None else datetime.fromtimestamp(recorded_us / 1_000_000, UTC).strftime(" %B %Y %d")
    return terms_of_name((name or "") + when, None)
