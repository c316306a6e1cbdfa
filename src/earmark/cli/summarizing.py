"""`earmark summarize` and `earmark digest`: what was decided, promised and left open."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import typer

from earmark.api.wire.summaries import item_to_wire, summary_to_wire
from earmark.cli.named_recordings import RECORDING, find_recording
from earmark.cli.output import EndUserOption, JsonOption, ModeOption, ProjectOption, check_mode, emit, find_tenant, run
from earmark.cli.owners import named_owner
from earmark.clock import now_us, parse_time, render_time
from earmark.errors import InvalidError
from earmark.lengths import has_length
from earmark.library.recordings import list_transcribed
from earmark.library.types import Recording
from earmark.runtime import Runtime
from earmark.summaries.built_in_templates import GENERAL_NOTES
from earmark.summaries.digest import Digest, make_digest
from earmark.summaries.errors import TranscriptionNotReadyError
from earmark.summaries.markdown import render_digest, render_summary
from earmark.summaries.summaries import check_wanted, store_summary
from earmark.summaries.types import Summary, Wanted

_SINCE: Final = re.compile(r"([1-9][0-9]{0,4})([hdw])\Z", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_UNIT_S: Final = {"h": 3_600, "d": 86_400, "w": 7 * 86_400}


def summarize(
    recording: Annotated[str, RECORDING],
    project: ProjectOption = "",
    template: Annotated[str | None, typer.Option(help="The template (default: tmpl_general_notes).")] = None,
    prompt: Annotated[str | None, typer.Option(help="What to write instead of a template.")] = None,
    provider: Annotated[str | None, typer.Option(help="Which model writes.")] = None,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Summarise a recording; the summary is stored in place of the earlier one like it."""
    check_mode(mode)
    if template is not None and prompt is not None:
        raise typer.BadParameter("Give either --template or --prompt, not both.")
    if prompt is not None and not has_length(prompt, 10, 10_000):
        raise InvalidError("The prompt must be 10 to 10000 characters long.")
    wanted = Wanted(template or (None if prompt else GENERAL_NOTES), prompt, provider)

    async def work(runtime: Runtime) -> tuple[Summary, Recording, str]:
        tenant = await find_tenant(runtime, project, mode)
        found = await find_recording(tenant, recording)
        if found.transcription_id is None:
            raise TranscriptionNotReadyError
        project_id = tenant.key.project_id
        runtime.summariser.check_provider(provider, project_id)
        await check_wanted(tenant, found.transcription_id, wanted)
        written = await runtime.summariser.write(tenant, project_id, found.transcription_id, wanted)
        return await store_summary(tenant, found.transcription_id, wanted, written), found, project_id

    one, of, project_id = run(work)
    shown = summary_to_wire(one, project_id) if as_json else None
    emit(shown, as_json=as_json, text=render_summary(one, of.name or of.id))


def digest(
    project: ProjectOption = "",
    end_user: EndUserOption = "",
    since: Annotated[
        str, typer.Option(help="How far back, such as 36h, 7d or 2w, or from which day on (UTC), such as 2024-03-01.")
    ] = "7d",
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Show what was decided, promised and left open in all of a person's recordings of late."""
    check_mode(mode)
    since_us = _parse_since(since)

    async def work(runtime: Runtime) -> tuple[list[Digest], Recording | None]:
        owner = await named_owner(runtime, project, mode, end_user)
        return await make_digest(owner, since_us), next(iter(await list_transcribed(owner, None, 1)), None)

    found, newest = run(work)
    text = _why_empty(newest, since, since_us) or render_digest(found)
    emit({"data": list(map(_to_wire, found))}, as_json=as_json, text=text)


def _parse_since(text: str) -> int:
    """Return from when on, in microseconds since 1970.

    Raises: typer.BadParameter.
    """
    matched = _SINCE.match(text)
    if matched is not None:
        return now_us() - int(matched[1]) * _UNIT_S[matched[2]] * 1_000_000
    try:
        if _DAY.match(text):
            return parse_time(f"{text}T00:00:00Z")
    except ValueError as error:
        raise typer.BadParameter(f"There is no day {text}.") from error
    raise typer.BadParameter(
        "--since is a number of hours, days or weeks, such as 36h, 7d or 2w, or a day, such as 2024-03-01."
    )


def _why_empty(newest: Recording | None, since: str, since_us: int) -> str | None:
    """Return why a digest can have nothing: there is no recording, or none of that time."""
    if newest is None:
        return "There is no recording with a transcript yet."
    when_us = newest.recorded_us or newest.created_us
    if when_us >= since_us:
        return None
    day = render_time(when_us)[:10]  # in UTC, as --since reads it
    span = f"since {since}" if _DAY.match(since) else f"in the last {since}"
    return f"There is no recording {span}; the newest is of {day}: `earmark digest --since {day}` includes it."


def _to_wire(one: Digest) -> dict[str, Any]:
    items = [{**item_to_wire(item), "summary_id": item.summary_id or None} for item in one.items]
    return {"recording_id": one.recording.id, "recording_name": one.recording.name, "items": items}
