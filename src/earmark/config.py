"""Every setting, read once at start; no other module reads the environment."""

from __future__ import annotations

import re
import tomllib
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnparsedError

from earmark.errors import InvalidError

_FIELD = re.compile(r'field "(\w+)"')
_PLACE = re.compile(r"at line \d+, column \d+|at end of document")
"""What may be said of TOML that can't be read; the rest of the message may repeat it."""


class EmbedderSettings(BaseModel):
    """What turns text into vectors; after a change `earmark reindex` makes those of old recordings anew."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["minilm", "openai", "onnx"] = "minilm"
    """`minilm` is built in; `openai` a server that speaks OpenAI's `/embeddings`; `onnx` a folder."""
    base_url: str | None = None
    """`openai`: the server's address, with `/v1`."""
    model: str | None = None
    """`openai`: its name of the model."""
    api_key: SecretStr | None = None
    """`openai`: the key, where it wants one; kept in memory only."""
    dimensions: Annotated[int, Field(ge=8, le=8_192)] | None = None
    """`openai`: a shorter vector than the model's own, where the server offers it."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    """`openai`: for one request."""
    path: Path | None = None
    """`onnx`: the folder of a sentence-transformers model exported to ONNX."""
    query_prefix: str = ""
    """What the model wants before a question (`query: `); `onnx` finds it in its folder."""
    passage_prefix: str = ""
    """What the model wants before a passage (`passage: `); `onnx` finds it in its folder."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        missing = {"openai": ("base_url", "model"), "onnx": ("path",)}.get(self.kind, ())
        for name in missing:
            if getattr(self, name) is None:
                raise ValueError(f"kind {self.kind} needs {name}")
        if self.base_url is not None and not self.base_url.startswith(("http://", "https://")):
            raise ValueError("base_url must begin with http:// or https://")
        return self


class VendorSettings(BaseModel):
    """A vendor's model, used when it has a key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr | None = None
    """The key; kept in memory only."""
    model: str
    """The vendor's name of the model."""
    base_url: str | None = None
    """Another address that speaks the vendor's API."""
    context_tokens: Annotated[int, Field(ge=2_048)]
    """How much the model reads and writes at once."""
    answer_tokens: Annotated[int, Field(ge=16)] = 2_048
    """How much it may write."""


class ServerSettings(VendorSettings):
    """A server that speaks OpenAI's chat completions: Ollama, vLLM, llama.cpp, LM Studio and the like."""

    base_url: str
    """Its address, with `/v1`."""
    context_tokens: Annotated[int, Field(ge=512)] = 8_192
    """How much the model reads and writes at once."""
    answer_tokens: Annotated[int, Field(ge=16)] = 1_024
    """How much it may write."""


def _check_name(name: str) -> str:
    if name in ("earmark", "gemini", "openai", "claude"):
        raise ValueError(f"{name} is a name that can't be given away")
    return name


ServerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$"), AfterValidator(_check_name)]
_Port = Annotated[int, Field(ge=1, le=65_535)]
USUAL_MODEL_PORTS = {
    "ollama": 11434,
    "lmstudio": 1234,
    "llamacpp": 8080,
    "vllm": 8000,
    "jan": 1337,
    "gpt4all": 4891,
    "koboldcpp": 5001,
    "textgen": 5000,
    "sglang": 30000,
}


def check_url(url: str) -> str:
    """Return an http or https address without a slash at its end.

    Raises: ValueError.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an http or https address without a query")
    return url.rstrip("/")


def _check_networks(text: str) -> str:
    try:
        parse_networks(text)
    except ValueError as error:  # it repeats the value
        raise ValueError("must be addresses or networks, separated by commas") from error
    return text


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks that a comma-separated list names.

    Raises: ValueError.
    """
    return tuple(ip_network(one.strip()) for one in text.split(",") if one.strip())


class Settings(BaseSettings):
    """Settings from `EARMARK_*`, or from the TOML file that `EARMARK_CONFIG` names (default `earmark.toml`)."""

    model_config = SettingsConfigDict(
        env_prefix="EARMARK_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        nested_model_default_partial_update=True,
    )

    config: Path = Path("earmark.toml")
    """The TOML file; the environment wins over it."""
    data_dir: Path = Path("earmark-data")
    """Where the database, audio and the models' caches live."""
    database_url: str | None = None
    """`postgresql://…`; SQLite in `data_dir` when absent."""
    migration_database_url: str | None = None
    """PostgreSQL: the URL of the tables' owner, for migrations; the server itself runs as another role."""
    allow_unsafe_database_role: bool = False
    """PostgreSQL: start even as owner, superuser or with BYPASSRLS, which switches row-level security off."""
    database_pool_size: Annotated[int, Field(ge=2)] = 10
    """PostgreSQL: connections that each server process may open; keep their sum below `max_connections`."""
    host: str = "127.0.0.1"
    """The address to bind."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8787
    """The port to bind; 0 takes a free one."""
    public_url: Annotated[str, AfterValidator(check_url)] | None = None
    """Where people reach the server (`https://ask.example.org`), for links it hands out; default: the bound address."""
    cors_origins: str = ""
    """Web pages that may use the API from a browser (`https://a.example, https://b.example`); none by default."""
    trusted_proxies: Annotated[str, AfterValidator(_check_networks)] = ""
    """Addresses or networks of proxies, separated by commas, whose `X-Forwarded-…` headers are believed."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Server processes."""
    log_requests: bool = False
    """Whether each request of the API gets a line in the log: method, route, status, milliseconds, request id."""
    metrics: bool = False
    """Whether `/metrics` answers with counts for Prometheus."""
    traces_endpoint: Annotated[str, AfterValidator(check_url)] | None = None
    """Where spans go (OTLP over HTTP: `http://127.0.0.1:4318/v1/traces`); needs `pip install 'earmark[otel]'`."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""
    embedding_threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Cores that the built-in encoder (or an `onnx` one) may use."""
    vector_cache_mb: Annotated[int, Field(ge=0, le=1_000_000)] = 128
    """Megabytes of vectors that a process keeps for the next question of the same end user; 0 keeps none."""
    embedder: EmbedderSettings = EmbedderSettings()
    """What turns text into vectors: `EARMARK_EMBEDDER__KIND` and its other fields."""
    rate_limit_overall: Annotated[int, Field(ge=0)] = 1_000
    """Requests a minute that a project's live or test data may take; 0 switches the limit off."""
    rate_limit_uploads: Annotated[int, Field(ge=0)] = 30
    """Upload addresses a minute that a project's live or test data may ask for; 0 switches the limit off."""
    rate_limit_transcriptions: Annotated[int, Field(ge=0)] = 10
    """Transcriptions a minute that a project's live or test data may start; 0 switches the limit off."""
    upload_limit_bytes: Annotated[int, Field(ge=1)] = 2 << 30
    """How long an uploaded file may be."""
    requests_at_once: Annotated[int, Field(ge=1)] = 400
    """Requests that one server process works on at once, open streams included; more get 503 with Retry-After."""
    shutdown_grace_s: Annotated[float, Field(ge=0, le=600)] = 20.0
    """How long requests under way may go on after SIGTERM; new ones get 503 meanwhile."""
    turn_wait_s: Annotated[float, Field(gt=0, le=600)] = 60.0
    """How long a send waits for its session's running turn."""
    default_provider: str | None = None
    """Who answers turns that name no provider; the built-in model (`earmark`) when absent."""
    project_providers: dict[str, str] = {}
    """The default provider of single projects: `{"proj_…": "openai"}`."""
    fallback: tuple[str, ...] = ()
    """Who answers, in this order, when the default provider fails: `["ollama", "earmark"]`."""
    provider_aliases: dict[str, str] = {}
    """Other names of configured models: `{"gemini": "ollama"}` lets `gemini` be asked for and Ollama answer."""
    long_recordings: Literal["refuse", "retrieve"] = "refuse"
    """A transcript longer than the model's context: `refuse` (413), or `retrieve` the best evidence."""
    improve_titles: bool = False
    """Whether a model may improve a session's default title after its first turn, never over a person's title."""
    gemini: VendorSettings = VendorSettings(model="gemini-3.8-flash", context_tokens=1_000_000)
    """Google's model."""
    openai: VendorSettings = VendorSettings(model="gpt-6-luna", context_tokens=128_000)
    """OpenAI's model."""
    claude: VendorSettings = VendorSettings(model="claude-haiku-5-5", context_tokens=200_000)
    """Anthropic's model."""
    servers: dict[ServerName, ServerSettings] = {}
    """OpenAI-compatible servers by a name of your own: `EARMARK_SERVERS__OLLAMA__BASE_URL`, `…__MODEL`."""
    model_ports: dict[ServerName, _Port] = USUAL_MODEL_PORTS
    """The loopback ports on which `earmark models` looks for servers; replaces the whole list."""
    model_connect_s: Annotated[float, Field(gt=0)] = 10.0
    """How long to wait for a connection to a model."""
    model_first_s: Annotated[float, Field(gt=0)] = 60.0
    """How long to wait for a model's first words."""
    model_between_s: Annotated[float, Field(gt=0)] = 30.0
    """How long to wait between a model's words."""
    model_whole_s: Annotated[float, Field(gt=0)] = 300.0
    """How long an answer may take."""
    model_retry_s: Annotated[float, Field(ge=0)] = 20.0
    """How long a model that is overloaded or unreachable is tried again before the turn fails."""

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
        chosen = env_settings().get("config") or init_settings().get("config")
        if chosen is not None and not Path(str(chosen)).is_file():
            raise SettingsError(f"EARMARK_CONFIG: there is no file {chosen}.", param="EARMARK_CONFIG")
        named = Path(str(chosen or "earmark.toml"))
        try:
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=named)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise NotTomlError(named, error) from error
        except OSError as error:
            reason = (error.strerror or "unknown error").lower()
            raise SettingsError(f"EARMARK_CONFIG: {named} can't be read: {reason}.", param="EARMARK_CONFIG") from error

    @property
    def database_path(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "earmark.db"


class SettingsError(InvalidError):
    """A setting has a value that can't be used."""


class NotTomlError(SettingsError):
    """The settings file can't be parsed. The message has the place of the error and none of the file's words."""

    def __init__(self, file: Path, error: ValueError) -> None:
        where = _PLACE.search(str(error))
        place = f" ({where.group()})" if where else ""
        super().__init__(f"EARMARK_CONFIG: {file} is not TOML{place}.", param="EARMARK_CONFIG")


def load_settings(**overrides: object) -> Settings:
    """Read the settings.

    Raises: SettingsError naming the first setting at fault.
    """
    return _read(Settings, **{name: value for name, value in overrides.items() if value is not None})


class _FilePlace(BaseSettings):
    """Where the settings file is."""

    model_config = SettingsConfigDict(env_prefix="EARMARK_", env_ignore_empty=True, extra="ignore")

    config: Path = Path("earmark.toml")


def settings_file() -> Path:
    """Return the TOML file that settings are read from, whether or not it exists."""
    return _FilePlace().config


def parse_settings(text: str) -> Settings:
    """Read the settings as if the TOML file held `text`; the environment wins over it.

    Raises: SettingsError naming the first setting at fault.
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


def _read(kind: type[Settings], **given: object) -> Settings:
    try:
        return kind(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "EARMARK_" + "__".join(str(part) for part in first["loc"]).upper()
        raise SettingsError(f"{name}: {first['msg']}.", param=name) from error
    except UnparsedError as error:
        field = _FIELD.search(str(error))
        name = f"EARMARK_{field.group(1).upper()}" if field else "EARMARK_*"
        raise SettingsError(f"{name}: must be JSON.", param=name) from error
