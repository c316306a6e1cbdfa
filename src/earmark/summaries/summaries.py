"""Summaries: started, read, corrected, cancelled, deleted. A job writes them (`jobs.py`)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, Final

import orjson

from earmark.clock import now_us, render_time
from earmark.ids import new_id
from earmark.jobs import queue
from earmark.jobs.types import CANCELLED, JobEndedError, JobNotFoundError, NewJob
from earmark.library.end_users import page_params
from earmark.library.errors import RecordingNotFoundError, TranscriptionNotFoundError
from earmark.library.recordings import hold_recording
from earmark.library.transcripts import get_transcription
from earmark.library.types import Page, Transcription
from earmark.storage.tenant import Tenant
from earmark.summaries import queries
from earmark.summaries.announcing import emit_summary
from earmark.summaries.errors import (
    MESSAGES,
    SummaryEndedError,
    SummaryNotFoundError,
    SummaryNotReadyError,
    TemplateOrPromptError,
    TranscriptionNotReadyError,
)
from earmark.summaries.items import relist_items, replace_items
from earmark.summaries.schemas import pointers_of
from earmark.summaries.templates import get_template
from earmark.summaries.types import (
    OPEN_STATUSES,
    Citation,
    Summary,
    SummaryFilters,
    Usage,
    Wanted,
    Written,
)

RUN: Final = "summaries.run"
_ALL: Final = SummaryFilters()


async def check_wanted(tenant: Tenant, transcription_id: str, wanted: Wanted) -> Transcription:
    """Return the transcription to summarise.

    Raises: TemplateOrPromptError; TemplateNotFoundError; TranscriptionNotFoundError; TranscriptionNotReadyError.
    """
    if (wanted.template_id is None) == (wanted.prompt is None):
        raise TemplateOrPromptError
    transcription = await get_transcription(tenant, transcription_id)
    if wanted.template_id is not None:
        await get_template(tenant, wanted.template_id)
    if transcription.status != "completed":
        raise TranscriptionNotReadyError
    return transcription


async def start_summary(tenant: Tenant, transcription_id: str, wanted: Wanted) -> Summary:
    """Start a summary, or return the one like it that has not ended.

    Raises: what `check_wanted` raises.
    """
    async with tenant.writing() as work:
        transcription = await check_wanted(work, transcription_id, wanted)
        owner = await _hold(work, transcription)
        row = await owner.fetch_one(queries.select_open, _same(transcription.id, wanted), **_shape(wanted))
        if row is not None:
            return Summary(*row)
        one = _new(transcription, wanted)
        payload = {"summary_id": one.id, "project_id": tenant.key.project_id}
        job_id = await queue.enqueue(
            owner, NewJob(RUN, subject_id=one.recording_id, payload=payload, unique_key=one.id)
        )
        one = replace(one, job_id=job_id)
        await owner.execute(queries.insert_summary, _row(one))
        return one


async def store_summary(tenant: Tenant, transcription_id: str, wanted: Wanted, written: Written) -> Summary:
    """Store a summary that was written already, in place of the earlier one like it.

    Raises: what `check_wanted` raises.
    """
    async with tenant.writing() as work:
        transcription = await check_wanted(work, transcription_id, wanted)
        owner = await _hold(work, transcription)
        one = replace(_new(transcription, wanted), started_us=now_us())
        await owner.execute(queries.insert_summary, _row(one))
        return await complete(owner, one, written)


async def _hold(work: Tenant, transcription: Transcription) -> Tenant:
    """Lock the recording, so that two that start the same summary take turns; return its owner's handle."""
    try:
        owner, _ = await hold_recording(work, transcription.recording_id)
    except RecordingNotFoundError as error:
        raise TranscriptionNotFoundError from error
    return owner


async def hold_summarised(work: Tenant, recording_id: str) -> None:
    """Lock a recording until the commit, before one of its summaries: who changes its items does so in turn.

    Raises: SummaryNotFoundError if the recording is gone.
    """
    try:
        await hold_recording(work, recording_id)
    except RecordingNotFoundError as error:
        raise SummaryNotFoundError from error


def _new(transcription: Transcription, wanted: Wanted) -> Summary:
    now = now_us()
    return Summary(
        new_id("sum"), transcription.end_user_id, transcription.recording_id, transcription.id, transcription.revision,
        "pending", wanted.template_id, wanted.prompt, wanted.provider, wanted.provider, None, None, None, None, None,
        None, None, None, None, now, now, transcription.revision,
    )  # fmt: skip


def _row(one: Summary) -> dict[str, Any]:
    row = asdict(one)
    del row["current_revision"]
    return row


def _same(transcription_id: str, wanted: Wanted) -> dict[str, Any]:
    return {
        "transcription_id": transcription_id, "of_template_id": wanted.template_id, "of_prompt": wanted.prompt,
        "of_provider": wanted.provider,
    }  # fmt: skip


def _shape(wanted: Wanted) -> dict[str, Any]:
    return {
        "made_by": "template" if wanted.template_id is not None else "prompt",
        "has_provider": wanted.provider is not None,
    }


async def get_summary(tenant: Tenant, summary_id: str, *, for_update: bool = False) -> Summary:
    """Return a summary; `for_update` locks it until the commit.

    Raises: SummaryNotFoundError.
    """
    shape = {"for_update": True} if for_update else {}
    row = await tenant.fetch_one(queries.select_summary, {"summary_id": summary_id}, **shape)
    if row is None:
        raise SummaryNotFoundError
    return Summary(*row)


async def list_summaries(tenant: Tenant, page: Page, filters: SummaryFilters = _ALL) -> list[Summary]:
    """Return summaries, newest first."""
    given = filters.given()
    params = {**page_params(page), **given}
    shape = {"filters": frozenset(given), "is_continued": page.after is not None}
    return [Summary(*row) for row in await tenant.fetch_all(queries.select_summaries, params, **shape)]


async def begin(work: Tenant, summary_id: str) -> Summary | None:
    """Mark a summary as being written; None if it has ended or is gone."""
    try:
        one = await get_summary(work, summary_id, for_update=True)
    except SummaryNotFoundError:
        return None
    if one.status not in OPEN_STATUSES:
        return None
    if one.status == "pending":
        one = await _save(work, replace(one, status="processing", started_us=now_us()))
        await emit_summary(work, "summary.started", one)
    return one


async def complete(work: Tenant, one: Summary, written: Written) -> Summary:
    """Store an output in place of the earlier summaries like it, and say so."""
    citations = {pointer: [cited.to_wire() for cited in found] for pointer, found in written.citations.items()}
    done = await _save(work, replace(
        one, status="completed", provider=written.provider, model=written.model, dropped_items=written.dropped_items,
        output_json=orjson.dumps(written.output).decode(), citations_json=orjson.dumps(citations).decode(),
        completed_us=now_us(),
    ))  # fmt: skip
    kept = {"kept_id": one.id}
    await work.execute(
        queries.delete_replaced, {**_same(one.transcription_id, one.wanted), **kept}, **_shape(one.wanted)
    )
    await replace_items(work, done)
    await _count(work, done, written.usage)
    await emit_summary(work, "summary.completed", done)
    return done


async def fail(work: Tenant, summary_id: str, code: str, message: str) -> Summary | None:
    """Store that a summary could not be written; None if it has ended or is gone."""
    try:
        one = await get_summary(work, summary_id, for_update=True)
    except SummaryNotFoundError:
        return None
    if one.status not in OPEN_STATUSES:
        return None
    failed = await _save(work, replace(one, status="failed", error_code=code, error_message=message))
    await emit_summary(work, "summary.failed", failed)
    return failed


async def cancel_summary(tenant: Tenant, summary_id: str) -> Summary:
    """Cancel a summary that has not ended.

    Raises: SummaryNotFoundError; SummaryEndedError.
    """
    async with tenant.writing() as work:
        one = await get_summary(work, summary_id)
        failed = await fail(work, summary_id, CANCELLED, MESSAGES[CANCELLED])
        if failed is None:
            raise SummaryEndedError
        with suppress(JobNotFoundError, JobEndedError):
            await queue.cancel(work, one.job_id or "")
        return failed


async def correct_summary(tenant: Tenant, summary_id: str, output: dict[str, Any]) -> Summary:
    """Store a person's corrections; an item keeps its citations if its text is one that had them.

    Raises: SummaryNotFoundError; SummaryNotReadyError.
    """
    async with tenant.writing() as work:
        await hold_summarised(work, (await get_summary(work, summary_id)).recording_id)
        one = await get_summary(work, summary_id, for_update=True)
        if one.status != "completed":
            raise SummaryNotReadyError
        citations = {
            pointer: [cited.to_wire() for cited in found] for pointer, found in _kept(one, output).items()
        }  # fmt: skip
        changed = replace(
            one, output_json=orjson.dumps(output).decode(), citations_json=orjson.dumps(citations).decode()
        )
        changed = await _save(work, changed)
        await replace_items(work, changed, is_correction=True)
        return changed


def _kept(one: Summary, output: dict[str, Any]) -> dict[str, list[Citation]]:
    """Return the citations of the values that stay, wherever they stand now."""
    old = dict(pointers_of(one.output))
    cited = {_text_of(old[pointer]): found for pointer, found in one.citations.items() if pointer in old}
    kept = ((pointer, cited.get(_text_of(value))) for pointer, value in pointers_of(output) if value)
    return {pointer: found for pointer, found in kept if found}


def _text_of(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


async def delete_summary(tenant: Tenant, summary_id: str) -> None:
    """Delete a summary with its items, after which those of the newest other one are listed; a job that writes it ends.

    Raises: SummaryNotFoundError.
    """
    async with tenant.writing() as work:
        await hold_summarised(work, (await get_summary(work, summary_id)).recording_id)
        one = await get_summary(work, summary_id, for_update=True)
        await work.execute(queries.delete_summary, {"summary_id": summary_id})
        await relist_items(work, one.recording_id)
        if one.status in OPEN_STATUSES:
            with suppress(JobNotFoundError, JobEndedError):
                await queue.cancel(work, one.job_id or "")


async def _save(work: Tenant, one: Summary) -> Summary:
    one = replace(one, updated_us=now_us())
    changed = {f"new_{name}": getattr(one, name) for name in queries.CHANGING}
    await work.execute(queries.update_summary, {"summary_id": one.id, **changed})
    return one


async def _count(work: Tenant, one: Summary, usage: Usage) -> None:
    """Add the tokens to the day's usage of the model; a summary is not one of its answers."""
    if usage == Usage():
        return
    key = {
        "day": render_time(now_us())[:10], "end_user_id": one.end_user_id, "provider": one.provider, "model": one.model,
    }  # fmt: skip
    nothing = {"answers": 0, "input_tokens": 0, "output_tokens": 0, "cached_tokens": 0}
    more = {f"more_{name}": getattr(usage, name) for name in queries.USAGE_COUNTS}
    await work.execute(queries.insert_usage_day, {**key, **nothing})
    await work.execute(queries.update_usage_day, {**{f"of_{name}": value for name, value in key.items()}, **more})
