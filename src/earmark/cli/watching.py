"""`earmark watch`: imports what arrives in a folder, once each file is complete."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.import_options import NoTranscribeOption, PersonOption
from earmark.cli.importing import check_options, ensure_end_user, import_found, plan_import
from earmark.cli.notices import complain
from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, fail, find_tenant, run
from earmark.cli.transcribing import LanguageOption
from earmark.errors import UnavailableError
from earmark.imports.importing import ensure_folder
from earmark.imports.types import Choices, File, Group, Outcome
from earmark.imports.watching import Watch
from earmark.runtime import Runtime
from earmark.speech.types import Asked
from earmark.storage.tenant import Tenant


def watch(
    folder: Annotated[Path, typer.Argument(help="The folder, with those below it.", metavar="DIR")],
    project: ProjectOption = "",
    end_user: PersonOption = "",
    into: Annotated[
        str | None, typer.Option("--folder", help="Add recordings to this folder (default: named as below DIR).")
    ] = None,
    settle: Annotated[
        float, typer.Option(min=0, max=3_600, help="Seconds without a change after which a file counts as complete.")
    ] = 10.0,
    every: Annotated[float, typer.Option(min=0.05, max=3_600, help="Seconds between looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Import what is there, then end.")] = False,
    no_transcribe: NoTranscribeOption = False,
    language: LanguageOption = None,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Import audio, transcripts and exports that arrive in a folder, until Ctrl-C; files are left where they are.

    The same bytes are imported once, also after a restart. What fails is reported, and tried again when it changes.
    """
    check_mode(mode)
    into = check_options(None, end_user, into)
    if not folder.is_dir():
        fail(f"{folder} is not a folder.")
    watched = Watch(folder.resolve(), settle)
    hearing = None if no_transcribe else Asked(language)
    failed = 0

    async def work(runtime: Runtime) -> None:
        nonlocal failed
        owner = await ensure_end_user(await find_tenant(runtime, project, mode), end_user)
        choices = Choices() if into is None else Choices(folder_id=await ensure_folder(owner, into))
        watcher = Watcher(runtime, owner, watched, choices, hearing, as_json)
        failed = await watcher.run(every, once=once)

    run(work)
    if once and failed:
        raise typer.Exit(1)


@dataclass(slots=True)
class Watcher:
    """Imports what a watch finds. `is_away`: the folder could not be read at the last look, which was said."""

    runtime: Runtime
    owner: Tenant
    watched: Watch
    choices: Choices
    hearing: Asked | None
    as_json: bool
    is_away: bool = False

    async def run(self, every_s: float, *, once: bool) -> int:
        """Look again and again, or until nothing is left to wait for; return how many failed."""
        failed = 0
        while True:
            ready = await self._look()
            failed += await self._import(ready)
            if once and not ready and self.watched.is_settled:
                return failed
            await asyncio.sleep(every_s)

    async def _look(self) -> list[Group | File]:
        try:
            ready = await asyncio.to_thread(self.watched.look, time.monotonic())
        except OSError as error:
            if not self.is_away:
                complain(f"The folder can't be read: {(error.strerror or 'unknown').lower()}. Waiting for it.")
            self.is_away = True
            return []
        self.is_away = False
        return ready

    async def _import(self, ready: Sequence[Group | File]) -> int:
        failed = 0
        for one in ready:
            try:
                failed += await self._import_one(one)
            except UnavailableError as error:  # the disk is full, the database away
                complain(error.message)
                self.watched.again(one.name)
        return failed

    async def _import_one(self, one: Group | File) -> int:
        with ExitStack() as opened:
            found: list[Group | Outcome] = [one] if isinstance(one, Group) else plan_import(
                [Path(one.name)], None, opened
            ).found  # fmt: skip
            outcomes = await import_found(
                self.runtime, self.owner, found, self.choices, self.hearing, as_json=self.as_json, says_skipped=False
            )
        if any(outcome.is_passing for outcome in outcomes):
            self.watched.again(one.name)
        return len(outcomes)
