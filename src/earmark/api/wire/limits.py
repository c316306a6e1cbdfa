"""Wire models of `/v1/limits`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from earmark.api.wire.common import Shown
from earmark.config import Settings
from earmark.media.stored import Stored


class RatesShown(Shown):
    """Requests a minute for a project's live or test data; null: no limit."""

    overall: int | None
    uploads: int | None
    transcriptions: int | None
    summaries: int | None


class StoredShown(Shown):
    """What the project has."""

    end_users: int
    recordings: int
    audio_bytes: int


class LimitsShown(Shown):
    """What a project may ask for and send, and what it has."""

    requests_per_minute: RatesShown
    upload_bytes: int = Field(description="Of a file of audio.")
    import_bytes: int = Field(description="Of a file that is imported.")
    stored: StoredShown


def limits_to_wire(settings: Settings, stored: Stored) -> dict[str, Any]:
    """Render the limits of the settings, in which 0 is none, and what is stored."""
    rates = {name: getattr(settings, f"rate_limit_{name}") or None for name in RatesShown.model_fields}
    return {
        "requests_per_minute": rates,
        "upload_bytes": settings.upload_limit_bytes,
        "import_bytes": settings.import_limit_bytes,
        "stored": {name: getattr(stored, name) for name in StoredShown.model_fields},
    }
