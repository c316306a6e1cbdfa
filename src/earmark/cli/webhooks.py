"""`earmark webhooks`: endpoints and their deliveries, a check of what a receiver got, and the key of secrets."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, get_args

import orjson
import typer

from earmark.api.wire.webhooks import attempts_to_wire, delivery_to_wire, endpoint_to_wire
from earmark.cli.bounded_files import FileTooLongError, read_whole
from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, fail, find_tenant, run
from earmark.lengths import has_length
from earmark.library.types import Page
from earmark.runtime import Runtime
from earmark.webhooks import deliveries, endpoints, rotation
from earmark.webhooks.bodies import LONGEST_BODY
from earmark.webhooks.signatures import verify
from earmark.webhooks.types import ALL, EVENT_NAMES, Delivery, DeliveryFilters, DeliveryStatus, Endpoint, NewEndpoint

webhooks_cli = typer.Typer(
    help="Webhooks: endpoints, deliveries, signatures.", no_args_is_help=True, rich_markup_mode=None
)
EndpointArgument = Annotated[str, typer.Argument(metavar="we_…", help="The endpoint's id.")]
_MOST = 20
_DESCRIPTION_UNITS = 1_024


@webhooks_cli.command("list")
def list_all(project: ProjectOption = "", mode: ModeOption = "live", as_json: JsonOption = False) -> None:
    """List a project's endpoints, newest first."""
    check_mode(mode)

    async def work(runtime: Runtime) -> list[Endpoint]:
        return await endpoints.list_endpoints(await find_tenant(runtime, project, mode), Page(_MOST))

    for one in run(work):
        text = f"{one.id}  {one.status}  {one.disabled_reason or ''}  {one.url}  {', '.join(one.events)}"
        emit(_shown(one), as_json=as_json, text=text)


def _shown(one: Endpoint) -> dict[str, Any]:
    """Return an endpoint as JSON that `emit` can print."""
    metadata = None if one.metadata_json is None else orjson.loads(one.metadata_json)
    return {**endpoint_to_wire(one), "metadata": metadata}


@webhooks_cli.command("create")
def create(
    url: Annotated[str, typer.Argument(help="Where events are sent: an https URL.")],
    project: ProjectOption = "",
    event: Annotated[list[str] | None, typer.Option(help="An event's name; may be repeated. Default: all.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Send words too: transcripts, questions, answers.")] = False,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Create an endpoint and print its secret, which is shown only once."""
    check_mode(mode)
    events = list(dict.fromkeys(event or [ALL]))
    _check_new(events, description)

    async def work(runtime: Runtime) -> tuple[Endpoint, str]:
        tenant = await find_tenant(runtime, project, mode)
        await runtime.sender.check(url)
        return await endpoints.create_endpoint(
            tenant, runtime.sealer, NewEndpoint(url, events, text, description or None)
        )

    endpoint, secret = run(work)
    emit({**_shown(endpoint), "secret": secret}, as_json=as_json, text=f"{endpoint.id}\n{secret}")


def _check_new(events: list[str], description: str | None) -> None:
    unknown = [name for name in events if name not in (ALL, *EVENT_NAMES)]
    if unknown or (ALL in events and len(events) > 1):
        raise typer.BadParameter(f"--event must be * alone, or of {', '.join(EVENT_NAMES)}.")
    if description is not None and not has_length(description, 0, _DESCRIPTION_UNITS):
        raise typer.BadParameter(f"--description must be at most {_DESCRIPTION_UNITS} characters long.")


@webhooks_cli.command("test")
def send_test(
    endpoint_id: EndpointArgument, project: ProjectOption = "", mode: ModeOption = "live", as_json: JsonOption = False
) -> None:
    """Send an endpoint a test event; a running server delivers it."""
    check_mode(mode)

    async def work(runtime: Runtime) -> Delivery:
        return await deliveries.send_test(await find_tenant(runtime, project, mode), endpoint_id)

    _print_delivery(run(work), as_json=as_json)


@webhooks_cli.command("deliveries")
def list_deliveries(
    endpoint_id: EndpointArgument,
    project: ProjectOption = "",
    status: Annotated[str | None, typer.Option(help="pending, succeeded or failed.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most this many.")] = 50,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """List an endpoint's deliveries of the last 30 days with their attempts, newest first."""
    check_mode(mode)
    if status is not None and status not in get_args(DeliveryStatus):
        raise typer.BadParameter(f"--status must be one of {', '.join(get_args(DeliveryStatus))}.")

    async def work(runtime: Runtime) -> list[tuple[Delivery, list[dict[str, Any]]]]:
        tenant = await find_tenant(runtime, project, mode)
        await endpoints.get_endpoint(tenant, endpoint_id)
        found = await deliveries.list_deliveries(tenant, Page(limit), DeliveryFilters(endpoint_id, status))
        return [(one, attempts_to_wire(await deliveries.list_attempts(tenant, one.id))) for one in found]

    for one, attempts in run(work):
        last = attempts[-1] if attempts else {}
        said = last.get("status_code") or last.get("error") or "-"
        text = f"{one.id}  {one.type}  {one.status}  attempts {one.attempts}  last {said}"
        emit({**delivery_to_wire(one), "attempt_log": attempts}, as_json=as_json, text=text)


@webhooks_cli.command("resend")
def resend(
    endpoint_id: EndpointArgument,
    delivery_id: Annotated[str, typer.Argument(metavar="dlv_…", help="The delivery's id.")],
    project: ProjectOption = "",
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Send an event to an endpoint again; a running server delivers it."""
    check_mode(mode)

    async def work(runtime: Runtime) -> Delivery:
        return await deliveries.resend(await find_tenant(runtime, project, mode), endpoint_id, delivery_id)

    _print_delivery(run(work), as_json=as_json)


def _print_delivery(one: Delivery, *, as_json: bool) -> None:
    emit(delivery_to_wire(one), as_json=as_json, text=f"{one.id} is queued.")


@webhooks_cli.command("verify")
def verify_request(
    endpoint_id: EndpointArgument,
    file: Annotated[Path, typer.Argument(help="The body that arrived, byte for byte.", exists=True, dir_okay=False)],
    header: Annotated[list[str], typer.Option(help="A header that came with it, `Name: value`; repeated for each.")],
    project: ProjectOption = "",
    now: Annotated[int | None, typer.Option(help="When it arrived, in Unix seconds. Default: now.")] = None,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Check whether a request that a receiver got is one of ours; if not, say why, and exit with 1."""
    check_mode(mode)
    headers = _parse_headers(header)
    body = _read_body(file)

    async def work(runtime: Runtime) -> list[str]:
        tenant = await find_tenant(runtime, project, mode)
        return rotation.open_secrets(await endpoints.get_endpoint(tenant, endpoint_id), runtime.sealer)

    fault = verify(headers, body, run(work), int(time.time()) if now is None else now)
    emit({"valid": fault is None, "fault": fault}, as_json=as_json, text="It is genuine." if fault is None else fault)
    if fault is not None:
        raise typer.Exit(1)


def _parse_headers(lines: list[str]) -> dict[str, str]:
    pairs = [line.partition(":") for line in lines]
    if not all(colon for _, colon, _ in pairs):
        raise typer.BadParameter("--header must be a name, a colon and a value.")
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _read_body(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return read_whole(opened.read, LONGEST_BODY)
    except FileTooLongError:
        fail(f"{file} is longer than any event.")
    except OSError as error:
        fail(f"{file} can't be read: {(error.strerror or 'unknown error').lower()}.")
    raise AssertionError  # `fail` has ended the command


@webhooks_cli.command("rotate-key")
def rotate_key(as_json: JsonOption = False) -> None:
    """Encrypt all stored secrets under a new key; a server may be running.

    With EARMARK_SECRETS_KEY, put the new key before the old one there and restart, before this command.
    """
    count = run(lambda runtime: rotation.reseal_all(runtime.operator, runtime.sealer))
    emit({"endpoints": count}, as_json=as_json, text=f"The secrets of {count} endpoints have a new key.")
