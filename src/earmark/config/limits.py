"""How much a project may ask for a minute, and how large what it sends may be."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field


class LimitSettings(BaseModel):
    """Rate limits and sizes."""

    rate_limit_overall: Annotated[int, Field(ge=0)] = 1_000
    """Requests per minute for a project's live or test data; 0 disables the limit."""
    rate_limit_uploads: Annotated[int, Field(ge=0)] = 30
    """Upload URLs per minute for a project's live or test data; 0 disables the limit."""
    rate_limit_transcriptions: Annotated[int, Field(ge=0)] = 10
    """Transcriptions started per minute for a project's live or test data; 0 disables the limit."""
    rate_limit_summaries: Annotated[int, Field(ge=0)] = 30
    """Summaries started per minute for a project's live or test data; 0 disables the limit."""
    open_jobs: Annotated[int, Field(ge=0)] = 10_000
    """Open jobs of a project's live or test data with which another may not be asked for; 0 disables the limit."""
    upload_limit_bytes: Annotated[int, Field(ge=1)] = 4 << 30
    """The maximum size of an uploaded file, in bytes."""
    import_limit_bytes: Annotated[int, Field(ge=1)] = 4 << 30
    """The maximum size of a file that is sent to be imported, in bytes."""
