"""`earmark serve`: runs the server in one process or several."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import signal
import socket
import sys
from typing import Annotated

import structlog
import typer
import uvicorn

from earmark.api.edge.protocol import PatientProtocol
from earmark.cli.noted_server import noted
from earmark.cli.output import JsonOption, emit
from earmark.cli.supervisor import Supervisor
from earmark.clock import render_time_or_none
from earmark.config import Settings, find_unknown_settings, load_settings
from earmark.data_dir import held
from earmark.errors import UnavailableError
from earmark.identity.keys import has_working_key
from earmark.identity.setup_codes import create_setup_code
from earmark.identity.types import NewKey
from earmark.logs import configure_logs
from earmark.runtime import check_settings
from earmark.storage.open import open_database
from earmark.storage.tenant import Operator
from earmark.telemetry import check_traces

log = structlog.get_logger("earmark.cli")
_CLOSING_S = 3  # to send the last responses; requests had EARMARK_SHUTDOWN_GRACE_S before (api/pipeline/draining.py)
_PATIENCE_S = 15.0  # after the grace period, before a worker is killed
_BACKLOG = 2_048
_UNSENT_BYTES = 128 << 10
"""What the kernel may hold of a reply besides what is on its way, so that a client's progress is seen."""
SILENCE_S = 60.0
"""TCP timeout of unacknowledged data; only the kernel sees it, since its buffers can feed a slow client for minutes."""


class NotOurAddressError(UnavailableError):
    """The address to bind is none of this machine."""


class PortTakenError(UnavailableError):
    """The address can't be bound, usually because another program uses the port."""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind (default 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to bind (default 8787).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes (default 1).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the server until Ctrl-C."""
    settings = load_settings(host=host, port=port, workers=workers)
    check_settings(settings)
    if not is_loopback(settings.host):
        asyncio.run(check_keys(settings))
    configure_logs(settings.log_level)
    for sentence in find_unknown_settings():
        log.warning("settings.unknown", reason=sentence)
    check_traces(settings.traces_endpoint)
    listener = bind(settings)
    code = asyncio.run(prepare_database(settings))
    _say_where(address_of(listener), settings.public_url, code, as_json=as_json)
    run_server(settings, listener)


async def prepare_database(settings: Settings) -> NewKey | None:
    """Migrate and open the database before starting workers, so that an error is printed once.

    Returns the code that sets up an installation without a project, None if there is one.

    Raises: UnavailableError.
    """
    with held(settings.data_dir):
        database = await open_database(settings)
        try:
            return await create_setup_code(Operator(database))
        finally:
            await database.close()


def _say_where(address: str, public_url: str | None, code: NewKey | None, *, as_json: bool) -> None:
    """Print where the server and its console are, on standard output: logs go to standard error."""
    console = f"{public_url or address}/console"
    link = None if code is None else f"{console}#setup={code.secret}"
    expires_at = None if code is None else render_time_or_none(code.expires_us)
    text = f"earmark listens on {address} (docs: {address}/docs)\nconsole: {console}"
    if link is not None:
        text += (
            "\n\nThere is no project yet. Open this link to create it (valid once, for ten minutes), "
            f"or run `earmark setup`:\n  {link}\n"
        )
    else:
        text += "\nsign in with a link from `earmark console-link`"
    shown = {"url": address, "docs_url": f"{address}/docs", "console_url": console, "setup_url": link}
    emit({**shown, "setup_expires_at": expires_at}, as_json=as_json, text=text)
    sys.stdout.flush()


class NoKeyError(UnavailableError):
    """Other machines could reach the server, and no key exists yet."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"Refusing to listen on {host}, which other machines can reach, because no key exists: "
            "create one with `earmark setup`, or `earmark keys create`."
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; host names are resolved."""
    try:
        found = {one[4][0] for one in socket.getaddrinfo(host or None, None, flags=socket.AI_PASSIVE)}
    except (OSError, UnicodeError):
        return False
    return all(ipaddress.ip_address(str(one).partition("%")[0]).is_loopback for one in found)


async def check_keys(settings: Settings) -> None:
    """Check that a key exists before other machines can reach the server.

    Raises: NoKeyError; UnavailableError if the database can't be used.
    """
    database = await open_database(settings)
    try:
        if not await has_working_key(Operator(database)):
            raise NoKeyError(settings.host)
    finally:
        await database.close()


def bind(settings: Settings) -> socket.socket:
    """Bind the address and listen.

    Raises: PortTakenError, NotOurAddressError.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: closes a connection whose client acknowledges nothing for so long
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(SILENCE_S * 1_000))
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _why_not_bound(settings, error) from error
    listener.set_inheritable(True)
    return listener


def _why_not_bound(settings: Settings, error: OSError) -> UnavailableError:
    host = settings.host
    if isinstance(error, socket.gaierror):
        return NotOurAddressError(f"EARMARK_HOST: the name {host} can't be resolved to an address.")
    if error.errno == errno.EADDRNOTAVAIL:
        return NotOurAddressError(
            f"EARMARK_HOST: {host} is not an address of this machine; 127.0.0.1 is for this machine only, 0.0.0.0 all."
        )
    reason = (error.strerror or "unknown error").lower()
    return PortTakenError(f"Can't listen on {host}:{settings.port} ({reason}); choose another port.")


def address_of(listener: socket.socket) -> str:
    """Return the base URL for a client on this machine."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _end(*_: object) -> None:
    """End well on SIGTERM, which uvicorn raises again once it has stopped; it may also come before that listens."""
    raise SystemExit(0)


def run_server(settings: Settings, listener: socket.socket) -> None:
    """Serve on a bound socket until a signal stops the server (SIGTERM: exit code 0); commands find it meanwhile."""
    with noted(settings.data_dir, *listener.getsockname()[:2]):
        has_failed = _run(settings, listener)
    if has_failed:
        raise typer.Exit(1)


def _run(settings: Settings, listener: socket.socket) -> bool:
    """Run the processes to their end; return whether they failed to start."""
    config = uvicorn.Config(
        "earmark.api.asgi:make_app",
        factory=True,
        loop="auto",
        http=PatientProtocol,
        lifespan="on",
        ws="none",
        access_log=False,
        log_config=None,  # its loggers' lines are JSON too (logs.py)
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        date_header=True,
        workers=settings.workers,
        timeout_graceful_shutdown=_CLOSING_S,
        backlog=_BACKLOG,
    )
    if settings.workers > 1:
        supervisor = Supervisor(config, listener, settings.shutdown_grace_s + _PATIENCE_S)
        supervisor.run()
        return supervisor.has_failed
    signal.signal(signal.SIGTERM, _end)
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    return not server.started
