"""`earmark transcribe`: makes a transcript of a recording's audio, in this process or by following a server's job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

import typer

from earmark.cli.foreground import run_here
from earmark.cli.named_recordings import RECORDING, find_recording
from earmark.cli.notices import tell
from earmark.cli.output import JsonOption, ModeOption, ProjectOption, check_mode, emit, find_tenant, run
from earmark.cli.progress import share_done
from earmark.clock import render_offset
from earmark.library.transcripts import get_transcription
from earmark.library.types import Transcription
from earmark.runtime import Runtime
from earmark.speech.transcribing import begin_transcription, find_state
from earmark.speech.types import PROVIDERS, Asked, ProviderName, State
from earmark.storage.tenant import Tenant

_LOOK_S, _AGAIN_S = 0.5, 1.0
_WAITING = "Waiting for another transcription to end: this machine makes no more of them at once."
LanguageOption = Annotated[
    str | None, typer.Option("--language", help="The spoken language, such as en (default: found).")
]


def transcribe(
    recording: Annotated[str, RECORDING],
    project: ProjectOption = "",
    language: LanguageOption = None,
    provider: Annotated[
        str | None, typer.Option(help=f"{', '.join(PROVIDERS)} (default: the server's engine).")
    ] = None,
    mode: ModeOption = "live",
    as_json: JsonOption = False,
) -> None:
    """Transcribe a recording's audio; the new transcript replaces an earlier one when it is complete."""
    check_mode(mode)
    asked = Asked(language, check_provider(provider))

    async def work(runtime: Runtime) -> Transcription:
        tenant = await find_tenant(runtime, project, mode)
        recording_id = (await find_recording(tenant, recording)).id
        with share_done("transcribing", is_shown=not as_json) as note:
            return await transcribe_here(runtime, tenant, recording_id, asked, note)

    one = run(work)
    emit(transcription_line(one), as_json=as_json, text=describe(one))
    if one.status == "failed":
        raise typer.Exit(1)


def check_provider(name: str | None) -> ProviderName | None:
    """Return a provider's name as the room knows it.

    Raises: typer.BadParameter, which is exit 2.
    """
    found: ProviderName | None = next((one for one in PROVIDERS if one == name), None)
    if name is not None and found is None:
        raise typer.BadParameter(f"--provider must be one of {', '.join(PROVIDERS)}.")
    return found


async def transcribe_here(
    runtime: Runtime, tenant: Tenant, recording_id: str, asked: Asked, note: Callable[[float], None]
) -> Transcription:
    """Transcribe a recording's audio and return the transcription as it ended.

    The job runs in this process, unless a server is faster to take it; then its progress is followed. It waits, and
    says so once, while this machine makes as many transcriptions as it may.

    Args:
        note: called now and then with the share of the audio that is done.

    Raises: what `begin_transcription` raises; TranscriptionNotFoundError if the recording is deleted meanwhile.
    """
    one = await begin_transcription(tenant, runtime.engines, recording_id, asked)
    state = await find_state(tenant, one.id)
    say_waiting = cache(lambda: tell(_WAITING))
    job = None if state is None else _run(runtime, tenant, state, say_waiting)
    try:
        while (one := await get_transcription(tenant, one.id)).is_open:
            state = await find_state(tenant, one.id)
            note(0.0 if state is None else state.progress)
            if state is not None and (job is None or job.done()):  # it is another process's, or is to be tried again
                await asyncio.gather(*(job,) if job else (), asyncio.sleep(_AGAIN_S), return_exceptions=True)
                job = _run(runtime, tenant, state, say_waiting)
            else:
                await _pause(job)
    finally:
        if job is not None:
            job.cancel()
            await asyncio.gather(job, return_exceptions=True)
    return one


def _run(runtime: Runtime, tenant: Tenant, state: State, say_waiting: Callable[[], None]) -> asyncio.Task[bool]:
    return asyncio.create_task(run_here(runtime, tenant.key.tenant_id, state.job_id, say_waiting))


async def _pause(job: asyncio.Task[bool] | None) -> None:
    """Wait a little, or less if the job ends."""
    if job is None or job.done():
        await asyncio.sleep(_LOOK_S)
    else:
        await asyncio.wait((job,), timeout=_LOOK_S)


def transcription_line(one: Transcription) -> dict[str, Any]:
    """Return a transcription's JSON line: `error` only if it failed."""
    shown: dict[str, Any] = {
        "transcription_id": one.id, "recording_id": one.recording_id, "status": one.status, "engine": one.engine,
        "language": one.language, "duration_ms": one.duration_ms, "word_count": one.word_count,
    }  # fmt: skip
    return shown if one.error_message is None else {**shown, "error": one.error_message}


def describe(one: Transcription) -> str:
    """Return a sentence about a transcription that has ended."""
    if one.status == "failed":
        return f"Not transcribed: {one.error_message}"
    length = "" if one.duration_ms is None else f" in {render_offset(one.duration_ms)}"
    return f"Transcribed: {one.word_count or 0} words{length}, by {one.engine}."
