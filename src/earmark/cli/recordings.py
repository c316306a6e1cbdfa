"""`earmark recordings`: lists, shows, renames and deletes a person's recordings."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from earmark.api.wire.recordings import recording_to_wire
from earmark.api.wire.transcriptions import segment_to_wire
from earmark.cli.named_recordings import RECORDING, find_recording
from earmark.cli.output import EndUserOption, JsonOption, ModeOption, ProjectOption, check_mode, emit, run
from earmark.cli.owners import named_owner
from earmark.clock import local_day, render_offset
from earmark.lengths import has_length
from earmark.library.recordings import list_recordings, update_recording
from earmark.library.transcripts import list_segments
from earmark.library.types import Page, Recording, RecordingFilters, RecordingOrder
from earmark.media.downloads import list_media
from earmark.media.types import Media
from earmark.runtime import Runtime
from earmark.storage.tenant import Tenant
from earmark.text import trim
from earmark.transcripts.types import Segment

recordings_cli = typer.Typer(
    help="List, show, rename and delete a person's recordings.", no_args_is_help=True, rich_markup_mode=None
)
RecordingArgument = Annotated[str, RECORDING]
_NAME_UNITS = 255
_LATEST_FIRST = RecordingOrder("recorded_at")


@recordings_cli.command("list")
def list_all(
    project: ProjectOption = "",
    end_user: EndUserOption = "",
    name: Annotated[str, typer.Option("--name", help="Only those whose name contains this, in any case.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Recordings at most.")] = 100,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """List recordings, the latest first; those of no known date last."""
    check_mode(mode)

    async def work(runtime: Runtime) -> tuple[list[Recording], dict[str, list[Media]]]:
        owner = await named_owner(runtime, project, mode, end_user)
        found = await list_recordings(owner, Page(limit), RecordingFilters(q=name), _LATEST_FIRST)
        return found, await list_media(owner, [one for one in found if one.media_id is not None])

    found, media = run(work)
    for one in found:
        emit(recording_to_wire(one, project, media.get(one.id, [])), as_json=as_json, text=_line_of(one))
    if not found and not as_json:
        print("No recordings.")


def _line_of(recording: Recording) -> str:
    when = recording.recorded_us
    recorded = "" if when is None else local_day(when, recording.recorded_offset_min)
    length = "" if recording.duration_ms is None else render_offset(recording.duration_ms)
    state = "" if recording.transcription_id is not None else "  (no transcript)"
    return f"{recording.id}  {recorded:10}  {length:>8}  {recording.name or ''}{state}"


@recordings_cli.command("show")
def show(
    recording: RecordingArgument,
    project: ProjectOption = "",
    end_user: EndUserOption = "",
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Show a recording and its transcript."""
    check_mode(mode)

    async def work(runtime: Runtime) -> tuple[Recording, list[Media], list[Segment]]:
        owner = await named_owner(runtime, project, mode, end_user)
        found = await find_recording(owner, recording)
        text = [] if found.transcription_id is None else await list_segments(owner, found.transcription_id)
        return found, await _media_of(owner, found), text

    found, media, segments = run(work)
    shown: dict[str, Any] = {
        **recording_to_wire(found, project, media), "segments": [segment_to_wire(one) for one in segments],
    }  # fmt: skip
    lines = [
        f"{render_offset(one.start_ms)}  {one.speaker + ': ' if one.speaker else ''}{one.text}" for one in segments
    ]
    emit(shown, as_json=as_json, text="\n".join([_line_of(found), *lines]))


@recordings_cli.command("rename")
def rename(
    recording: RecordingArgument,
    name: Annotated[str, typer.Argument(help="The new name.")],
    project: ProjectOption = "",
    end_user: EndUserOption = "",
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Rename a recording."""
    check_mode(mode)
    if not trim(name) or not has_length(name, 1, _NAME_UNITS):
        raise typer.BadParameter(f"The name must be 1 to {_NAME_UNITS} characters long.")

    async def work(runtime: Runtime) -> tuple[Recording, list[Media]]:
        owner = await named_owner(runtime, project, mode, end_user)
        renamed = await update_recording(owner, (await find_recording(owner, recording)).id, {"name": name})
        return renamed, await _media_of(owner, renamed)

    renamed, media = run(work)
    emit(recording_to_wire(renamed, project, media), as_json=as_json, text=_line_of(renamed))


@recordings_cli.command("delete")
def delete(
    recording: RecordingArgument,
    project: ProjectOption = "",
    end_user: EndUserOption = "",
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Delete a recording for good, with its audio, transcript and index."""
    check_mode(mode)
    asks = not is_sure and not as_json and sys.stdin.isatty()
    if not is_sure and not asks:
        raise typer.BadParameter("Give --yes to delete without being asked.")

    async def find(runtime: Runtime) -> Recording:
        return await find_recording(await named_owner(runtime, project, mode, end_user), recording)

    found = run(find)
    if asks:
        typer.confirm(f"Delete “{found.name or found.id}” for good?", abort=True)

    async def work(runtime: Runtime) -> None:
        owner = await named_owner(runtime, project, mode, end_user)
        await runtime.deletion.delete_recording(owner, found.id)

    run(work)
    emit({"id": found.id, "deleted": True}, as_json=as_json, text=f"{found.id} is deleted.")


async def _media_of(owner: Tenant, recording: Recording) -> list[Media]:
    return (await list_media(owner, [recording])).get(recording.id, [])
