"""For whom commands work that don't say so."""

from __future__ import annotations

from pydantic import BaseModel


class CommandSettings(BaseModel):
    """Commands."""

    default_project: str | None = None
    """The project of commands without `--project`; `earmark use` sets it."""
    default_end_user: str | None = None
    """The end user (`eu_…`) of commands without `--end-user`, in the default project; `earmark use` sets it."""
