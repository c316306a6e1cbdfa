"""Every setting: those of each subject, from arguments, the environment and the TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from earmark.config.answering import AnsweringSettings
from earmark.config.commands import CommandSettings
from earmark.config.errors import NotTomlError, SettingsError
from earmark.config.files import FileSettings
from earmark.config.limits import LimitSettings
from earmark.config.models import ModelSettings
from earmark.config.search import SearchSettings
from earmark.config.server import AddressSettings, ObservingSettings, ProcessSettings
from earmark.config.sign_in import SignInSettings
from earmark.config.speech import SpeechSettings


class Settings(
    FileSettings, AddressSettings, SignInSettings, ProcessSettings, LimitSettings, ObservingSettings, SearchSettings,
    SpeechSettings, AnsweringSettings, ModelSettings, CommandSettings, BaseSettings,
):  # fmt: skip
    """Settings from `EARMARK_*`, or from the TOML file that `EARMARK_CONFIG` names (default `earmark.toml`)."""

    model_config = SettingsConfigDict(
        env_prefix="EARMARK_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        nested_model_default_partial_update=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Rank the sources: arguments, then the environment, then the TOML file."""
        chosen = env_settings().get("config") or init_settings().get("config")
        if chosen is not None and not Path(str(chosen)).is_file():
            raise SettingsError(f"EARMARK_CONFIG: the file {chosen} does not exist.", param="EARMARK_CONFIG")
        named = Path(str(chosen or "earmark.toml"))
        try:
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=named)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise NotTomlError(named, error) from error
        except OSError as error:
            reason = (error.strerror or "unknown error").lower()
            raise SettingsError(f"EARMARK_CONFIG: {named} can't be read: {reason}.", param="EARMARK_CONFIG") from error
