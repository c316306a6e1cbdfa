"""How the server is reached, how many requests it serves at once, and what it logs and measures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from earmark.config.values import check_networks, check_url, unset_if_empty


def _to_lower(level: object) -> object:
    return level.lower() if isinstance(level, str) else level


class AddressSettings(BaseModel):
    """Address and access."""

    host: str = "127.0.0.1"
    """The address to bind."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8787
    """The port to bind; 0 chooses a free one."""
    public_url: Annotated[Annotated[str, AfterValidator(check_url)] | None, BeforeValidator(unset_if_empty)] = None
    """The server's public URL (`https://ask.example.org`), for links it issues; default: the bound address."""
    cors_origins: str = ""
    """Origins that may use the API from a browser (`https://a.example, https://b.example`); none by default."""
    trusted_proxies: Annotated[str, AfterValidator(check_networks)] = ""
    """Addresses or networks of proxies, separated by commas, whose `X-Forwarded-…` headers are trusted."""
    webhooks_private_networks: Annotated[str, AfterValidator(check_networks)] = ""
    """Private networks (`10.20.0.0/16, 127.0.0.1`) whose servers webhooks may be sent to, also without TLS."""


class ProcessSettings(BaseModel):
    """Processes and jobs."""

    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """The number of server processes."""
    requests_at_once: Annotated[int, Field(ge=1)] = 400
    """Requests at work, or waiting for it, per server process. More get 503; a project beyond its part of them 429."""
    streams_at_once: Annotated[int, Field(ge=1)] = 1_000
    """Open streams per server process (`ulimit -n` must allow them). More get 503; a project beyond its part 429."""
    project_share_percent: Annotated[float, Field(gt=0, le=100)] = 25.0
    """The part of requests, streams and memory for bodies that a project may have while half of them are in use."""
    end_user_share_percent: Annotated[float, Field(gt=0, le=100)] = 12.5
    """The same for one end user of it."""
    shutdown_grace_s: Annotated[float, Field(ge=0, le=600)] = 20.0
    """Seconds that running requests may take after SIGTERM; new ones get 503 meanwhile."""
    job_lease_s: Annotated[float, Field(ge=1, le=3_600)] = 30.0
    """Seconds after which the jobs of a process that died are run by another one."""
    heavy_jobs: Annotated[int, Field(ge=0, le=64)] = 0
    """Jobs that need a processor for long (indexing) which a host runs at once; 0: half of its cores."""


class ObservingSettings(BaseModel):
    """Logs, metrics and traces."""

    log_requests: bool = False
    """Whether to log each API request: method, route, status, milliseconds, request id."""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_to_lower)] = "info"
    """`debug`, `info`, `warning` or `error`."""
    metrics: bool = False
    """Whether to serve Prometheus metrics at `/metrics`."""
    traces_endpoint: Annotated[Annotated[str, AfterValidator(check_url)] | None, BeforeValidator(unset_if_empty)] = None
    """The OTLP/HTTP collector for traces (`http://127.0.0.1:4318/v1/traces`); needs `pip install 'earmark[otel]'`."""
