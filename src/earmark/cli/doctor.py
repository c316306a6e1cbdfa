"""`earmark doctor`: is everything in order? The exit code tells."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.output import JsonOption, emit
from earmark.config import load_settings
from earmark.data_dir import make_private, mode_for_others
from earmark.errors import EarmarkError
from earmark.llm.prompt import Prompt
from earmark.llm.types import AnswerModel
from earmark.llm.vendor import VendorModel
from earmark.runtime import Runtime, open_runtime

_PROBE = "hello world"
_SIGN_OF_LIFE = Prompt("Answer with one word.", (), "Say hello.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    check: str
    is_ok: bool
    says: str


def doctor(
    models: Annotated[bool, typer.Option("--models", help="Also ask each language model for a word.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check settings, database, index and models."""
    findings = asyncio.run(_examine(with_models=models))
    for finding in findings:
        shown = {"check": finding.check, "ok": finding.is_ok, "says": finding.says}
        mark = "ok  " if finding.is_ok else "FAIL"
        emit(shown, as_json=as_json, text=f"{mark} {finding.check}: {finding.says}")
    if not all(finding.is_ok for finding in findings):
        raise typer.Exit(1)


async def _examine(*, with_models: bool) -> list[Finding]:
    try:
        settings = load_settings()
    except EarmarkError as error:
        return [Finding("settings", False, error.message)]
    findings = [Finding("settings", True, f"data in {settings.data_dir}"), _look_at_folder(settings.data_dir)]
    try:
        async with open_runtime(settings) as runtime:
            for check, look in _CHECKS.items():
                findings.append(await _look(check, look, runtime))
            if with_models:
                findings += [await _look_at_model(model) for model in runtime.turns.providers.models]
    except EarmarkError as error:
        findings.append(Finding("database", False, error.message))
    return findings


def _look_at_folder(folder: Path) -> Finding:
    """Before anything opens it, as whatever does so makes it private."""
    mode = mode_for_others(folder)
    if not mode:
        return Finding("data folder", True, "for its owner only")
    if make_private(folder):
        return Finding("data folder", True, f"was open to others ({mode:04o}); it is for its owner only now")
    return Finding("data folder", False, f"{folder} is open to others ({mode:04o}) and not ours to close: chmod 700 it")


async def _look(check: str, look: Callable[[Runtime], Awaitable[str]], runtime: Runtime) -> Finding:
    try:
        return Finding(check, True, await look(runtime))
    except EarmarkError as error:
        return Finding(check, False, error.message)


async def _look_at_database(runtime: Runtime) -> str:
    return await runtime.database.describe()


async def _look_at_embedder(runtime: Runtime) -> str:
    embedder = await runtime.embedders.in_use()
    vector = await asyncio.to_thread(embedder.embed_query, _PROBE)
    says = f"{embedder.name}, {len(vector)} dimensions"
    if await runtime.embedders.is_wanted_in_use():
        return says
    return f"{says}; the settings want another one: `earmark reindex`"


async def _look_at_index(runtime: Runtime) -> str:
    return await runtime.ingester.describe(runtime.operator)


async def _look_at_model(model: AnswerModel) -> Finding:
    check = f"model {model.provider}"
    if not isinstance(model, VendorModel):
        return Finding(check, True, f"{model.model}, built in")
    started_s = time.monotonic()
    try:
        await model.write(_SIGN_OF_LIFE, 16)
    except EarmarkError as error:
        return Finding(check, False, error.message)
    return Finding(check, True, f"{model.model} answered in {time.monotonic() - started_s:.1f} s")


_CHECKS: dict[str, Callable[[Runtime], Awaitable[str]]] = {
    "database": _look_at_database,
    "index": _look_at_index,
    "embedder": _look_at_embedder,
}
