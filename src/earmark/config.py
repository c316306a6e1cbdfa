"""Every setting, read once at start; no other module reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from earmark.errors import InvalidError


class Settings(BaseSettings):
    """Settings from `EARMARK_*`, or from the TOML file that `EARMARK_CONFIG` names (default `earmark.toml`)."""

    model_config = SettingsConfigDict(env_prefix="EARMARK_", frozen=True, extra="ignore")

    config: Path = Path("earmark.toml")
    """The TOML file; the environment wins over it."""
    data_dir: Path = Path("earmark-data")
    """Where the database and the models' caches live."""
    database_url: str | None = None
    """`postgresql://…`; SQLite in `data_dir` when absent."""
    migration_database_url: str | None = None
    """PostgreSQL: the URL of the tables' owner, for migrations; the server itself runs as another role."""
    allow_unsafe_database_role: bool = False
    """PostgreSQL: start even as owner, superuser or with BYPASSRLS, which switches row-level security off."""
    host: str = "127.0.0.1"
    """The address to bind."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8787
    """The port to bind; 0 takes a free one."""
    public_url: str | None = None
    """Where people reach the server (`https://ask.example.org`), for links it hands out; default: the bound address."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Server processes."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""
    embedding_threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Cores that the built-in encoder may use."""
    rate_limit_overall: Annotated[int, Field(ge=0)] = 1_000
    """Requests a minute that a project's live or test data may take; 0 switches the limit off."""
    shutdown_grace_s: Annotated[float, Field(ge=0, le=600)] = 20.0
    """How long requests under way may go on after SIGTERM; new ones get 503 meanwhile."""
    turn_wait_s: Annotated[float, Field(gt=0, le=600)] = 60.0
    """How long a send waits for its session's running turn."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the TOML file."""
        named = env_settings().get("config") or init_settings().get("config") or "earmark.toml"
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=Path(str(named)))

    @property
    def database_path(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "earmark.db"


class SettingsError(InvalidError):
    """A setting has a value that can't be used."""


def load_settings(**overrides: object) -> Settings:
    """Read the settings.

    Raises: SettingsError naming the first setting at fault.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "EARMARK_" + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name}: {first['msg']}.", param=name) from error
