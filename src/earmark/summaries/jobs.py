"""Jobs of summaries: writing one, and ending those that nobody writes any more."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from earmark.answers.features import SentenceEmbedder
from earmark.answers.notes import LEAST_WORDS
from earmark.clock import now_us
from earmark.errors import ProviderError, TooLargeError
from earmark.identity.projects import list_tenants
from earmark.jobs.kinds import JobKind, sweeping
from earmark.jobs.running import RunningJob
from earmark.jobs.types import CANCELLED, Job
from earmark.library.errors import RecordingNotFoundError, TranscriptionNotFoundError
from earmark.llm.providers import Providers, UnknownProviderError
from earmark.retrieval.index.chunking import count_words
from earmark.storage.tenant import Operator, Tenant
from earmark.summaries import queries
from earmark.summaries.errors import MESSAGES, CannotSummariseError, SummaryNotFoundError, TemplateNotFoundError
from earmark.summaries.passages import read_passages
from earmark.summaries.summaries import RUN, begin, complete, fail, hold_summarised
from earmark.summaries.templates import get_template
from earmark.summaries.types import Summary, Wanted, Written
from earmark.summaries.writing import Task, write_summary

_EVERY_S: Final = 3_600.0
_STUCK_US: Final = 12 * 3_600 * 1_000_000
_MOST_ATTEMPTS: Final = 3
_MOST_ON_HOST: Final = 4
"""A model may take minutes, mostly of waiting; among several projects a tenant has one slot less than these."""


class Summariser:
    """Writes summaries with the configured models."""

    def __init__(self, providers: Providers, embedder: SentenceEmbedder | None) -> None:
        self._providers = providers
        self._embedder = embedder

    def check_provider(self, name: str | None, project_id: str) -> None:
        """Raise UnknownProviderError for a provider that isn't configured."""
        self._providers.choose(name, project_id)

    async def write(self, tenant: Tenant, project_id: str, transcription_id: str, wanted: Wanted) -> Written:
        """Return the output for a transcript.

        Raises: CannotSummariseError.
        """
        try:
            template = None if wanted.template_id is None else await get_template(tenant, wanted.template_id)
        except TemplateNotFoundError as error:
            raise CannotSummariseError("template_not_found", "The template was deleted.") from error
        passages = await read_passages(tenant, transcription_id)
        if sum(count_words(one.text) for one in passages) < LEAST_WORDS:
            raise CannotSummariseError("transcript_too_short", "The transcript is too short to be summarised.")
        try:
            candidates = self._providers.choose(wanted.provider, project_id)
            return await write_summary(Task(wanted, template, passages), candidates, self._embedder)
        except (ProviderError, TooLargeError, UnknownProviderError) as error:
            raise CannotSummariseError("processing_error", error.message) from error

    def kinds(self) -> list[JobKind]:
        """Return this room's kinds of job."""
        return [
            JobKind(RUN, self._run, max_attempts=_MOST_ATTEMPTS, most_on_host=_MOST_ON_HOST, on_failure=_note_failure),
            sweeping("summaries.sweep", sweep, _EVERY_S),
        ]

    async def _run(self, running: RunningJob) -> None:
        payload = running.job.payload
        async with running.writing() as work:
            one = await begin(work, payload["summary_id"])
        if one is None:
            return
        try:
            written = await self.write(running.tenant, payload["project_id"], one.transcription_id, one.wanted)
        except CannotSummariseError as error:
            await _fail_with(running, one, error)
            return
        except (RecordingNotFoundError, TranscriptionNotFoundError):  # deleted meanwhile
            return
        with suppress(SummaryNotFoundError):
            async with running.finishing() as work:
                await hold_summarised(work, one.recording_id)
                still = await begin(work, one.id)
                if still is not None:
                    await complete(work, still, written)


async def _fail_with(running: RunningJob, one: Summary, error: CannotSummariseError) -> None:
    async def announce(work: Tenant, job: Job) -> None:
        await fail(work, one.id, error.error_code, error.message)

    await running.fail_with(error.error_code, announce)


async def _note_failure(work: Tenant, job: Job) -> None:
    code = CANCELLED if job.error_code == CANCELLED else "processing_error"
    await fail(work, job.payload["summary_id"], code, MESSAGES[code])


async def sweep(operator: Operator) -> None:
    """End summaries whose job is gone: nothing has happened for half a day."""
    before_us = now_us() - _STUCK_US
    for tenant in await list_tenants(operator):
        for (summary_id,) in await tenant.fetch_all(queries.select_stuck, {"before_us": before_us}):
            async with tenant.writing() as work:
                await fail(work, summary_id, "processing_error", MESSAGES["processing_error"])
