"""Reads the settings, once at start; no other module reads the environment."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnparsedError

from earmark.config.errors import NotTomlError, SettingsError
from earmark.config.sentences import sentence_of
from earmark.config.settings import Settings

_PREFIX = "EARMARK_"
_FIELD = re.compile(r'field "(\w+)"')


def load_settings(**overrides: object) -> Settings:
    """Read the settings.

    Raises: SettingsError naming the first invalid setting.
    """
    return _read(Settings, **{name: value for name, value in overrides.items() if value is not None})


def read_environment() -> dict[str, str]:
    """Return the environment's variables that begin with `EARMARK_`, in any case, sorted by name."""
    return {name: os.environ[name] for name in sorted(os.environ) if name.upper().startswith(_PREFIX)}


def field_of(variable: str) -> str:
    """Return the setting that a variable of the environment sets, or sets a part of."""
    return variable[len(_PREFIX) :].lower().partition("__")[0]


class _FilePlace(BaseSettings):
    """Reads only the settings file's path."""

    model_config = SettingsConfigDict(env_prefix="EARMARK_", env_ignore_empty=True, extra="ignore")

    config: Path = Path("earmark.toml")


def settings_file() -> Path:
    """Return the path of the TOML file for settings, whether or not it exists."""
    return _FilePlace().config


def parse_settings(text: str) -> Settings:
    """Read the settings as if the TOML file contained `text`; the environment overrides it.

    Raises: SettingsError naming the first invalid setting.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NotTomlError(settings_file(), error) from error

    class FromText(Settings):
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: object, env_settings: PydanticBaseSettingsSource,
            dotenv_settings: object, file_secret_settings: object,
        ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
            return env_settings, InitSettingsSource(settings_cls, values)

    return _read(FromText)


def _is_given(path: list[str], given: Mapping[str, object]) -> bool:
    """Whether a setting, or a part of it, comes from an argument or the environment; else it is the file's."""
    return path[0] in given or path[0] in map(field_of, read_environment())


def _read(kind: type[Settings], **given: object) -> Settings:
    try:
        return kind(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        path = [str(part) for part in first["loc"] if part != "[key]"]
        name = "EARMARK_" + "__".join(path).upper()
        place = name if _is_given(path, given) else f"{settings_file()}: {'.'.join(path)}"
        raise SettingsError(f"{place}: {sentence_of(first)}.", param=name) from error
    except UnparsedError as error:
        field = _FIELD.search(str(error))
        name = f"EARMARK_{field.group(1).upper()}" if field else "EARMARK_*"
        raise SettingsError(f"{name}: must be JSON.", param=name) from error
