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
"""The part of a TOML parser's message that is safe to show; the rest may repeat the file's content."""


class EmbedderSettings(BaseModel):
    """The embedding model; after a change, `earmark reindex` recomputes the vectors of existing recordings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["minilm", "openai", "onnx"] = "minilm"
    """`minilm` is built in; `openai` is a server with OpenAI's `/embeddings` API; `onnx` is a model in a folder."""
    base_url: str | None = None
    """`openai`: the server's base URL, including `/v1`."""
    model: str | None = None
    """`openai`: the server's name of the model."""
    api_key: SecretStr | None = None
    """`openai`: the API key, if the server requires one; never stored."""
    dimensions: Annotated[int, Field(ge=8, le=8_192)] | None = None
    """`openai`: a vector length shorter than the model's own, if the server supports it."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    """`openai`: seconds allowed for one request."""
    path: Path | None = None
    """`onnx`: the folder of a sentence-transformers model exported to ONNX."""
    query_prefix: str = ""
    """The prefix that the model expects before a question (`query: `); `onnx` reads it from its folder."""
    passage_prefix: str = ""
    """The prefix that the model expects before a passage (`passage: `); `onnx` reads it from its folder."""

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
    """A vendor's model, used if its key is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr | None = None
    """The API key; never stored."""
    model: str
    """The vendor's name of the model."""
    base_url: str | None = None
    """Another base URL with the vendor's API."""
    context_tokens: Annotated[int, Field(ge=2_048)]
    """The size of the model's context: input and output tokens together."""
    answer_tokens: Annotated[int, Field(ge=16)] = 2_048
    """The most output tokens of an answer."""


class ServerSettings(VendorSettings):
    """A server with OpenAI's chat completions API: Ollama, vLLM, llama.cpp, LM Studio and others."""

    base_url: str
    """Its base URL, including `/v1`."""
    context_tokens: Annotated[int, Field(ge=512)] = 8_192
    """The size of the model's context: input and output tokens together."""
    answer_tokens: Annotated[int, Field(ge=16)] = 1_024
    """The most output tokens of an answer."""


def _check_name(name: str) -> str:
    if name in ("earmark", "gemini", "openai", "claude"):
        raise ValueError(f"{name} is a reserved name; choose another one")
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
    """Return an http or https URL without a trailing slash.

    Raises: ValueError.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an http or https URL without a query")
    return url.rstrip("/")


def _check_networks(text: str) -> str:
    try:
        parse_networks(text)
    except ValueError as error:  # its message repeats the value
        raise ValueError("must be addresses or networks, separated by commas") from error
    return text


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks of a comma-separated list.

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
    """The TOML file; environment variables override it."""
    data_dir: Path = Path("earmark-data")
    """The folder of the database, audio and model caches."""
    database_url: str | None = None
    """`postgresql://…`; if absent, SQLite in `data_dir`."""
    migration_database_url: str | None = None
    """PostgreSQL: the URL of the tables' owner, for migrations; the server itself uses another role."""
    allow_unsafe_database_role: bool = False
    """PostgreSQL: start even as owner, superuser or with BYPASSRLS, which disables row-level security."""
    database_pool_size: Annotated[int, Field(ge=2)] = 10
    """PostgreSQL: connections that each server process may open; keep their sum below `max_connections`."""
    host: str = "127.0.0.1"
    """The address to bind."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8787
    """The port to bind; 0 chooses a free one."""
    public_url: Annotated[str, AfterValidator(check_url)] | None = None
    """The server's public URL (`https://ask.example.org`), for links it issues; default: the bound address."""
    cors_origins: str = ""
    """Origins that may use the API from a browser (`https://a.example, https://b.example`); none by default."""
    trusted_proxies: Annotated[str, AfterValidator(_check_networks)] = ""
    """Addresses or networks of proxies, separated by commas, whose `X-Forwarded-…` headers are trusted."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """The number of server processes."""
    log_requests: bool = False
    """Whether to log each API request: method, route, status, milliseconds, request id."""
    metrics: bool = False
    """Whether to serve Prometheus metrics at `/metrics`."""
    traces_endpoint: Annotated[str, AfterValidator(check_url)] | None = None
    """The OTLP/HTTP collector for traces (`http://127.0.0.1:4318/v1/traces`); needs `pip install 'earmark[otel]'`."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""
    job_lease_s: Annotated[float, Field(ge=1, le=3_600)] = 30.0
    """Seconds after which the jobs of a process that died are run by another one."""
    heavy_jobs: Annotated[int, Field(ge=0, le=64)] = 0
    """Jobs that need a processor for long (indexing) which a host runs at once; 0: half of its cores."""
    embedding_threads: Annotated[int, Field(ge=1, le=64)] = 2
    """Threads that the built-in encoder (or an `onnx` one) may use."""
    vector_cache_mb: Annotated[int, Field(ge=0, le=1_000_000)] = 128
    """Megabytes of vectors that each process caches for an end user's next question; 0 disables the cache."""
    embedder: EmbedderSettings = EmbedderSettings()
    """The embedding model: `EARMARK_EMBEDDER__KIND` and its other fields."""
    rate_limit_overall: Annotated[int, Field(ge=0)] = 1_000
    """Requests per minute for a project's live or test data; 0 disables the limit."""
    rate_limit_uploads: Annotated[int, Field(ge=0)] = 30
    """Upload URLs per minute for a project's live or test data; 0 disables the limit."""
    rate_limit_transcriptions: Annotated[int, Field(ge=0)] = 10
    """Transcriptions started per minute for a project's live or test data; 0 disables the limit."""
    upload_limit_bytes: Annotated[int, Field(ge=1)] = 2 << 30
    """The maximum size of an uploaded file, in bytes."""
    requests_at_once: Annotated[int, Field(ge=1)] = 400
    """Requests at work, or waiting for it, per server process. More get 503; a project beyond its part of them 429."""
    shutdown_grace_s: Annotated[float, Field(ge=0, le=600)] = 20.0
    """Seconds that running requests may take after SIGTERM; new ones get 503 meanwhile."""
    turn_wait_s: Annotated[float, Field(gt=0, le=600)] = 60.0
    """Seconds that a send waits for its session's running turn."""
    default_provider: str | None = None
    """The provider for turns that name none; if absent, the built-in model (`earmark`)."""
    project_providers: dict[str, str] = {}
    """The default provider of individual projects: `{"proj_…": "openai"}`."""
    fallback: tuple[str, ...] = ()
    """Providers to try, in this order, if the default provider fails: `["ollama", "earmark"]`."""
    provider_aliases: dict[str, str] = {}
    """Aliases of configured providers: with `{"gemini": "ollama"}`, requests for `gemini` are answered by Ollama."""
    long_recordings: Literal["refuse", "retrieve"] = "refuse"
    """For a transcript longer than the model's context: `refuse` (413), or `retrieve` the best evidence."""
    improve_titles: bool = False
    """Whether a model may replace a session's default title after its first turn; never a person's own title."""
    gemini: VendorSettings = VendorSettings(model="gemini-3.8-flash", context_tokens=1_000_000)
    """Google's model."""
    openai: VendorSettings = VendorSettings(model="gpt-6-luna", context_tokens=128_000)
    """OpenAI's model."""
    claude: VendorSettings = VendorSettings(model="claude-haiku-5-5", context_tokens=200_000)
    """Anthropic's model."""
    servers: dict[ServerName, ServerSettings] = {}
    """OpenAI-compatible servers by a name you choose: `EARMARK_SERVERS__OLLAMA__BASE_URL`, `…__MODEL`."""
    model_ports: dict[ServerName, _Port] = USUAL_MODEL_PORTS
    """The loopback ports on which `earmark models` looks for servers; replaces the whole list."""
    model_connect_s: Annotated[float, Field(gt=0)] = 10.0
    """Seconds to wait for a connection to a model."""
    model_first_s: Annotated[float, Field(gt=0)] = 60.0
    """Seconds to wait for a model's first output."""
    model_between_s: Annotated[float, Field(gt=0)] = 30.0
    """Seconds to wait between pieces of a model's output."""
    model_whole_s: Annotated[float, Field(gt=0)] = 300.0
    """Seconds that a model's whole answer may take."""
    model_retry_s: Annotated[float, Field(ge=0)] = 20.0
    """Seconds during which an overloaded or unreachable model is retried before the turn fails."""

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

    @property
    def database_path(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "earmark.db"


class SettingsError(InvalidError):
    """A setting has an invalid value."""


class NotTomlError(SettingsError):
    """The settings file is not valid TOML; the message gives the position, never the content."""

    def __init__(self, file: Path, error: ValueError) -> None:
        where = _PLACE.search(str(error))
        place = f" ({where.group()})" if where else ""
        super().__init__(f"EARMARK_CONFIG: {file} is not valid TOML{place}.", param="EARMARK_CONFIG")


def load_settings(**overrides: object) -> Settings:
    """Read the settings.

    Raises: SettingsError naming the first invalid setting.
    """
    return _read(Settings, **{name: value for name, value in overrides.items() if value is not None})


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
