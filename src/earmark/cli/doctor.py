"""`earmark doctor`: is everything in order? The exit code tells."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import typer

from earmark.cli.output import JsonOption, emit
from earmark.config import load_settings
from earmark.errors import EarmarkError
from earmark.runtime import Runtime, open_runtime

_PROBE = "hello world"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    check: str
    is_ok: bool
    says: str


def doctor(as_json: JsonOption = False) -> None:
    """Check settings, database, index and models."""
    findings = asyncio.run(_examine())
    for finding in findings:
        shown = {"check": finding.check, "ok": finding.is_ok, "says": finding.says}
        mark = "ok  " if finding.is_ok else "FAIL"
        emit(shown, as_json=as_json, text=f"{mark} {finding.check}: {finding.says}")
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(1)


async def _examine() -> list[Finding]:
    try:
        settings = load_settings()
    except EarmarkError as error:
        return [Finding("settings", False, error.message)]
    findings = [Finding("settings", True, f"data in {settings.data_dir}")]
    try:
        async with open_runtime(settings) as runtime:
            for check, look in _CHECKS.items():
                findings.append(await _look(check, look, runtime))
    except EarmarkError as error:
        findings.append(Finding("database", False, error.message))
    return findings


async def _look(check: str, look: Callable[[Runtime], Awaitable[str]], runtime: Runtime) -> Finding:
    try:
        return Finding(check, True, await look(runtime))
    except EarmarkError as error:
        return Finding(check, False, error.message)


async def _look_at_database(runtime: Runtime) -> str:
    return await runtime.database.describe()


async def _look_at_embedder(runtime: Runtime) -> str:
    embedder = runtime.searcher.embedder
    vector = await asyncio.to_thread(embedder.embed_query, _PROBE)
    return f"{embedder.name}, {len(vector)} dimensions"


async def _look_at_index(runtime: Runtime) -> str:
    return await runtime.ingester.describe(runtime.operator)


_CHECKS: dict[str, Callable[[Runtime], Awaitable[str]]] = {
    "database": _look_at_database,
    "index": _look_at_index,
    "embedder": _look_at_embedder,
}
