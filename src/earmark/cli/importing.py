"""`earmark import`: makes recordings of files, folders and exports; the same bytes are imported once."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer

from earmark.cli.defaults import refuse_gone_person
from earmark.cli.import_options import (
    AudioOption,
    DryRunOption,
    EncodingOption,
    FilesArgument,
    FolderOption,
    NameOption,
    NoTranscribeOption,
    PersonOption,
    RecordedAtOption,
)
from earmark.cli.inspecting import inspect_group
from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, find_tenant, run
from earmark.cli.progress import progress, share_done
from earmark.cli.transcribing import LanguageOption, describe, transcribe_here, transcription_line
from earmark.clock import offset_of, parse_time
from earmark.errors import EarmarkError
from earmark.imports.archives import list_folder, local_file, open_archive
from earmark.imports.grouping import group_files, single
from earmark.imports.importing import Importer, ensure_folder
from earmark.imports.types import Choices, File, Group, Outcome
from earmark.library.end_users import create_end_user, find_end_user, find_end_user_named
from earmark.library.errors import ExternalIdTakenError
from earmark.library.recordings import get_recording
from earmark.library.types import Transcription
from earmark.runtime import Runtime
from earmark.speech.types import Asked
from earmark.storage.tenant import Tenant
from earmark.text import printable, trim, utf16_length
from earmark.transcripts import render_warning

_WARNINGS_SHOWN = 5


@dataclass(slots=True)
class Plan:
    """What is to be imported, and the files that belong to no recording."""

    found: list[Group | Outcome]  # an outcome: what could not even be listed
    left_out: list[File]


def import_files(
    files: FilesArgument,
    project: ProjectOption = "",
    end_user: PersonOption = "",
    name: NameOption = None,
    recorded_at: RecordedAtOption = None,
    audio: AudioOption = None,
    folder: FolderOption = None,
    encoding: EncodingOption = None,
    dry_run: DryRunOption = False,
    no_transcribe: NoTranscribeOption = False,
    language: LanguageOption = None,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Import transcripts, audio, folders and exports; what can't be read is reported and skipped.

    Audio and video without a transcript are transcribed.
    """
    check_mode(mode)
    folder = check_options(name, end_user or "nobody" if dry_run else end_user, folder)
    if audio and len(audio) != len(files):
        raise typer.BadParameter("--audio must be given once per file, in the same order.")
    choices = Choices(name, *_parse_recorded_at(recorded_at), charset=encoding)
    with ExitStack() as opened:
        plan = plan_import(files, audio, opened)
        if dry_run:
            failed = _inspect(plan, encoding, as_json=as_json)
        else:
            hearing = None if no_transcribe else Asked(language)
            failed = _import(plan, choices, project, mode, end_user, folder, hearing, as_json=as_json)
    _say_left_out(plan.left_out, as_json=as_json)
    if failed:
        raise typer.Exit(1)


def _import(
    plan: Plan,
    choices: Choices,
    project: str,
    mode: str,
    end_user: str,
    folder: str | None,
    hearing: Asked | None,
    *,
    as_json: bool,
) -> int:
    """Import what was planned, and transcribe its audio as `hearing` says; return how many failed."""
    failed = 0

    async def work(runtime: Runtime) -> None:
        nonlocal failed
        owner = await ensure_end_user(await find_tenant(runtime, project, mode), end_user)
        chosen = choices if folder is None else replace(choices, folder_id=await ensure_folder(owner, folder))
        failed = len(await import_found(runtime, owner, plan.found, chosen, hearing, as_json=as_json))

    run(work)
    return failed


async def import_found(
    runtime: Runtime,
    owner: Tenant,
    found: Sequence[Group | Outcome],
    choices: Choices,
    hearing: Asked | None,
    *,
    as_json: bool,
    says_skipped: bool = True,
) -> list[Outcome]:
    """Import recordings of an end user and report each; return those that failed.

    Args:
        hearing: how their audio is to be transcribed, None: not at all.
        says_skipped: whether those that were imported before are reported, too.
    """
    importer = Importer(runtime.ingester, runtime.media, owner)
    sounds: list[Outcome] = []
    failed: list[Outcome] = []
    with progress("importing", len(found), is_shown=not as_json) as advance:
        for one in found:
            async for outcome in _outcomes(importer, one, choices):
                failed += [outcome] if outcome.status == "failed" else []
                if outcome.is_audio and hearing is not None:
                    sounds.append(outcome)
                elif says_skipped or outcome.status != "skipped":
                    _report(outcome, as_json=as_json)
            advance()
    for sound in sounds:
        heard = await _transcribe(runtime, owner, sound, hearing or Asked(), as_json=as_json)
        failed += [sound] if heard is not None and heard.status == "failed" else []
        if says_skipped or sound.status != "skipped" or heard is not None:
            _report(sound, heard, as_json=as_json)
    return failed


async def _transcribe(
    runtime: Runtime, owner: Tenant, sound: Outcome, asked: Asked, *, as_json: bool
) -> Transcription | None:
    """Transcribe imported audio, unless it has a transcript already."""
    recording_id = sound.recording_id or ""
    if (await get_recording(owner, recording_id)).transcription_id is not None:
        return None
    with share_done(f"transcribing {printable(Path(sound.file).name)}", is_shown=not as_json) as note:
        return await transcribe_here(runtime, owner, recording_id, asked, note)


def check_options(name: str | None, end_user: str, folder: str | None) -> str | None:
    """Check the lengths of options; return the folder without spaces around it.

    Raises: typer.BadParameter, which is exit 2.
    """
    if name is not None and not 1 <= utf16_length(name) <= 255:
        raise typer.BadParameter("--name must be 1 to 255 characters long.")
    if not 1 <= utf16_length(end_user) <= 255:
        raise typer.BadParameter("--end-user must be 1 to 255 characters long.")
    if folder is not None and not 1 <= utf16_length(folder := trim(folder)) <= 255:
        raise typer.BadParameter("--folder must be 1 to 255 characters long.")
    return folder


def plan_import(files: Sequence[Path], audio: Sequence[Path] | None, opened: ExitStack) -> Plan:
    """Return what there is to import in files, folders and archives, which stay open as long as `opened`."""
    plan = Plan([], [])
    for index, path in enumerate(files):
        try:
            if path.is_dir():
                is_named = path.name not in ("", "..")  # it becomes a folder, as one dropped on the console does
                groups, left_out = group_files(list_folder(path), root=str(path.parent if is_named else path))
            elif path.suffix.lower() == ".zip":
                entries = opened.enter_context(open_archive(local_file(path)))
                groups, left_out = group_files(entries, root=str(path))
            else:
                groups, left_out = [_single(path, audio[index] if audio else None)], []
        except EarmarkError as error:
            plan.found.append(Outcome(str(path), "failed", error=error.message))
        except OSError as error:
            plan.found.append(Outcome(str(path), "failed", error=_unreadable(path, error)))
        else:
            plan.found += groups
            plan.left_out += left_out
    return plan


def _single(path: Path, audio: Path | None) -> Group:
    """Return the recording of one file named on the command line."""
    file = local_file(path)
    if audio is not None:
        return Group(file, local_file(audio))
    return single(file)


def _unreadable(path: Path, error: OSError) -> str:
    what = "The file" if str(error.filename or path) == str(path) else "The audio"
    return f"{what} can't be read: {(error.strerror or 'unknown').lower()}."


def _parse_recorded_at(text: str | None) -> tuple[int | None, int | None]:
    if text is None:
        return None, None
    try:
        return parse_time(text), offset_of(text)
    except ValueError as error:
        raise typer.BadParameter("--recorded-at must be a time such as 2026-05-20T10:00:00Z.") from error


async def ensure_end_user(tenant: Tenant, end_user: str) -> Tenant:
    """Return the end user's handle by id or external id, created if new."""
    user = await find_end_user_named(tenant, end_user)
    if user is None:
        refuse_gone_person(end_user)
        try:
            user = await create_end_user(tenant, external_id=end_user)
        except ExternalIdTakenError:  # another import created it meanwhile
            user = await find_end_user(tenant, end_user)
    assert user is not None
    return tenant.acting_for(user.id, user.number)


def _inspect(plan: Plan, encoding: str | None, *, as_json: bool) -> int:
    """Show what the files are taken for; return how many can't be read."""
    failed = 0
    for one in plan.found:
        if isinstance(one, Outcome):
            _report(one, as_json=as_json)
            failed += 1
        else:
            failed += inspect_group(one, encoding, as_json=as_json)
    return failed


async def _outcomes(importer: Importer, one: Group | Outcome, choices: Choices) -> AsyncIterator[Outcome]:
    if isinstance(one, Outcome):
        yield one
        return
    async for outcome in importer.run(one, choices):
        yield outcome


def _report(outcome: Outcome, transcription: Transcription | None = None, *, as_json: bool) -> None:
    shown, lines = _to_wire(outcome), [*_to_lines(outcome)]
    if transcription is not None:
        shown["transcription"] = transcription_line(transcription)
        lines.append(f"          {describe(transcription)}")
    emit(shown, as_json=as_json, text="\n".join(lines))
    sys.stdout.flush()


def _to_wire(outcome: Outcome) -> dict[str, Any]:
    """Return the file's JSON line: `error` only if the import failed, warnings only if there are some."""
    shown: dict[str, Any] = {"file": outcome.file, "status": outcome.status, "recording_id": outcome.recording_id}
    if outcome.error is not None:
        shown["error"] = outcome.error
    if outcome.warnings_total:
        shown["warnings_total"] = outcome.warnings_total
        shown["warnings"] = [render_warning(warning) for warning in outcome.warnings]
    return shown


def _to_lines(outcome: Outcome) -> Iterator[str]:
    count = outcome.warnings_total
    notes = [f"{count} {'note' if count == 1 else 'notes'}"] if count else []
    notes += ["without times: they are estimated"] if outcome.is_estimated else []
    noted = f" ({'; '.join(notes)})" if notes else ""
    yield f"{outcome.status:8}  {outcome.file}" + (f": {outcome.error}" if outcome.error else noted)
    for warning in outcome.warnings[:_WARNINGS_SHOWN]:
        yield f"          {render_warning(warning)}"
    if count > _WARNINGS_SHOWN:
        yield f"          … and {count - _WARNINGS_SHOWN} more"


def _say_left_out(files: Sequence[File], *, as_json: bool) -> None:
    if files and not as_json:
        names = ", ".join(file.base for file in files[:5]) + (" …" if len(files) > 5 else "")
        typer.echo(f"Left out, as they are neither transcripts nor audio: {names}", err=True)
