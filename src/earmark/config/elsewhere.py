"""Which environment a program in another folder needs to open the same data."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

from earmark.config.errors import SettingsError
from earmark.config.loading import field_of, load_settings, read_environment, settings_file

_FIELDS: Final = ("database_url", "allow_unsafe_database_role", "public_url", "host", "port", "embedder")
"""Settings that decide which data is read, how it is searched, and where links lead."""
_SECRET: Final = ("_KEY", "_SECRET", "_PASSWORD")


def environment_elsewhere() -> dict[str, str]:
    """Return the `EARMARK_*` variables with which a program, wherever it starts, opens the same data; no secrets.

    Of the environment it has what says where the data is; of the settings file its path.

    Raises: SettingsError, also if one of these variables is a URL with a password.
    """
    settings = load_settings()
    given = {name: value for name, value in read_environment().items() if _is_needed(name)}
    for name, value in given.items():
        if _holds_password(value):
            raise SettingsError(
                f"{name} holds a password, which a client's configuration should not: give --url and --token of a "
                f"running server instead, or move it into {settings_file()}.",
                param=name,
            )
    found = {"EARMARK_DATA_DIR": str(settings.data_dir.resolve()), **given}
    if settings_file().exists():
        found["EARMARK_CONFIG"] = str(settings_file().resolve())
    if settings.embedder.path is not None:
        found["EARMARK_EMBEDDER__PATH"] = str(settings.embedder.path.resolve())
    return found


def _is_needed(name: str) -> bool:
    return field_of(name) in _FIELDS and not name.upper().endswith(_SECRET)


def _holds_password(url: str) -> bool:
    """Whether a value is a URL with a password, in either of its two places; a URL that can't be read counts."""
    try:
        parts = urlsplit(url)
        return parts.password is not None or "password" in parse_qs(parts.query, keep_blank_values=True)
    except ValueError:
        return True
