"""Which environment a program in another folder needs to open the same data."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

from earmark.config.errors import SettingsError
from earmark.config.loading import load_settings, read_environment, settings_file

_FIELDS: Final = ("database_url", "allow_unsafe_database_role", "public_url", "host", "port", "embedder")
"""Settings that decide which data is read, how it is searched, and where links lead."""
_SECRET: Final = ("_KEY", "_SECRET", "_PASSWORD")


def environment_elsewhere() -> dict[str, str]:
    """Return the `EARMARK_*` variables with which a program, wherever it starts, opens the same data; no secrets.

    Of the environment it has what says where the data is; of the settings file its path.

    Raises: SettingsError, also if the environment's database URL holds a password.
    """
    settings = load_settings()
    found = {name: value for name, value in sorted(read_environment().items()) if _is_needed(name)}
    if _holds_password(found.get("EARMARK_DATABASE_URL", "")):
        raise SettingsError(
            "EARMARK_DATABASE_URL holds a password, which a client's configuration should not: give --url and --token "
            f"of a running server instead, or move it as database_url into {settings_file()}.",
            param="EARMARK_DATABASE_URL",
        )
    found["EARMARK_DATA_DIR"] = str(settings.data_dir.resolve())
    if settings_file().exists():
        found["EARMARK_CONFIG"] = str(settings_file().resolve())
    if settings.embedder.path is not None:
        found["EARMARK_EMBEDDER__PATH"] = str(settings.embedder.path.resolve())
    return found


def _is_needed(name: str) -> bool:
    field = name.removeprefix("EARMARK_").partition("__")[0].lower()
    return field in _FIELDS and not name.endswith(_SECRET)


def _holds_password(url: str) -> bool:
    """Whether a database URL has a password, in either of its two places; one that can't be read counts."""
    try:
        parts = urlsplit(url)
        return parts.password is not None or "password" in parse_qs(parts.query, keep_blank_values=True)
    except ValueError:
        return True
