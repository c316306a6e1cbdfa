"""The factory that each server process calls; settings come from the environment or the TOML file."""

from __future__ import annotations

from earmark.api.app import Edge, create_app
from earmark.config import load_settings
from earmark.logs import configure_logs


def make_app() -> Edge:
    """Return the ASGI application."""
    settings = load_settings()
    configure_logs(settings.log_level)
    return create_app(settings)
