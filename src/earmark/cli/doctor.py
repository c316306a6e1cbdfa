"""`earmark doctor`: checks settings, data folder, database, index and models; exits with 1 on failure."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from earmark.cli.data_folder import check_folder
from earmark.cli.findings import Finding, show
from earmark.cli.media_check import check_media
from earmark.cli.output import JsonOption
from earmark.cli.server_check import examine_server
from earmark.config import find_unknown_settings, load_settings
from earmark.errors import EarmarkError, UnavailableError
from earmark.identity.audit import verify
from earmark.identity.projects import list_tenants
from earmark.jobs.queue import count_jobs
from earmark.llm.trying import try_model
from earmark.llm.types import AnswerModel
from earmark.runtime import Runtime, check_settings, open_runtime
from earmark.sealing import SealedElsewhereError
from earmark.storage.sqlite_version import warn_of_version
from earmark.supervision import read_deaths
from earmark.webhooks.rotation import count_unreadable

_OVERDUE_S = 600.0
_PROBE = "hello world"


def doctor(
    models: Annotated[bool, typer.Option("--models", help="Also send each language model a short prompt.")] = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Only ask the server of these settings, on this machine, whether it is ready."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check settings, database, index and models; what is only a warning does not change the exit code."""
    show(examine_server() if quick else asyncio.run(_examine(with_models=models)), as_json=as_json)


async def _examine(*, with_models: bool) -> list[Finding]:
    try:
        settings = load_settings()
        check_settings(settings)
    except EarmarkError as error:
        return [Finding("settings", False, error.message)]
    unknown = [Finding("settings", True, sentence, is_warning=True) for sentence in find_unknown_settings()]
    findings = [Finding("settings", True, f"data in {settings.data_dir}"), *unknown, check_folder(settings.data_dir)]
    try:
        async with open_runtime(settings, may_create=False) as runtime:
            for check, examine in _CHECKS.items():
                findings.append(await _run_check(check, examine, runtime))
            findings += _check_library(runtime)
            if with_models:
                findings += [await _check_model(model) for model in runtime.turns.providers.models]
    except EarmarkError as error:
        findings.append(Finding("database", False, error.message))
    return findings


def _check_library(runtime: Runtime) -> list[Finding]:
    """Return a warning if SQLite is in use and its library has a known fault: to be updated, not a failure."""
    warning = None if runtime.settings.database_url else warn_of_version()
    return [] if warning is None else [Finding("sqlite", True, warning, is_warning=True)]


async def _run_check(check: str, examine: Callable[[Runtime], Awaitable[str]], runtime: Runtime) -> Finding:
    try:
        return Finding(check, True, await examine(runtime))
    except EarmarkError as error:
        return Finding(check, False, error.message)


async def _check_database(runtime: Runtime) -> str:
    return await runtime.database.describe()


async def _check_embedder(runtime: Runtime) -> str:
    embedder = await runtime.embedders.in_use()
    vector = await asyncio.to_thread(embedder.embed_query, _PROBE)
    says = f"{embedder.name}, {len(vector)} dimensions"
    if await runtime.embedders.is_wanted_in_use():
        return says
    return f"{says}; the settings name another one: run `earmark reindex`"


async def _check_index(runtime: Runtime) -> str:
    return await runtime.ingester.describe(runtime.operator)


async def _check_model(model: AnswerModel) -> Finding:
    check = f"model {model.provider}"
    if model.writer is None:
        return Finding(check, True, f"{model.model}, built in")
    try:
        took_ms = await try_model(model)
    except EarmarkError as error:
        return Finding(check, False, error.message)
    return Finding(check, True, f"{model.model} answered in {took_ms / 1_000:.1f} s")


async def _check_jobs(runtime: Runtime) -> str:
    counts = await count_jobs(runtime.operator)
    says = f"{counts.pending} waiting, {counts.running} running, {counts.failed} failed"
    if counts.overdue_s > _OVERDUE_S:
        says += f"; one has waited {counts.overdue_s / 60:.0f} minutes: does a server run?"
    says += f"; {counts.later} more pending ones are for later" if counts.later else ""
    return says if not counts.failed else f"{says}; see `earmark jobs list --state failed`"


async def _check_speech(runtime: Runtime) -> str:
    await asyncio.to_thread(runtime.engines.check)
    engines = [
        f"{engine.name} (this machine)" if engine.kind == "local" else engine.name
        for _, engine in runtime.engines.listed()
    ]
    return f"{', '.join(engines)}; {runtime.engines.default.name} unless a request names another"


async def _check_audit(runtime: Runtime) -> str:
    heads = [await verify(tenant) for tenant in await list_tenants(runtime.operator)]
    return f"{sum(head.seq for head in heads)} events, each as it was written"


async def _check_secrets(runtime: Runtime) -> str:
    count = await count_unreadable(runtime.operator, runtime.sealer)
    if count:
        raise SealedElsewhereError
    return "webhooks' secrets can be decrypted"


async def _check_background(runtime: Runtime) -> str:
    deaths = read_deaths(runtime.supervisor.folder)
    if deaths:
        said = ", ".join(f"{name} {count} times ({error})" for name, (count, error) in deaths.items())
        raise BackgroundDiedError(said)
    return "no task of a running server has died"


class BackgroundDiedError(UnavailableError):
    """Background tasks of a running server died; they were started again."""

    def __init__(self, said: str) -> None:
        super().__init__(f"Background tasks died and were restarted: {said}. See the server's log.")


_CHECKS: dict[str, Callable[[Runtime], Awaitable[str]]] = {
    "database": _check_database,
    "index": _check_index,
    "embedder": _check_embedder,
    "speech": _check_speech,
    "jobs": _check_jobs,
    "media": check_media,
    "background": _check_background,
    "audit": _check_audit,
    "secrets": _check_secrets,
}
