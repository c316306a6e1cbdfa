"""Prints commands' results (JSON or text) and errors, and runs their work."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar, get_args

import orjson
import typer

from earmark.config import load_settings
from earmark.identity.projects import get_tenant
from earmark.identity.types import Mode
from earmark.runtime import Runtime, open_runtime
from earmark.storage.tenant import Tenant

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
T = TypeVar("T")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
ProjectOption = Annotated[str, typer.Option("--project", help="The project's id.", metavar="proj_…")]
ModeOption = Annotated[str, typer.Option("--mode", help="live or test data.")]


def emit(value: Any, *, as_json: bool, text: str) -> None:
    """Print one result: a JSON line, or `text`."""
    print(orjson.dumps(value).decode() if as_json else printable(text))


def printable(text: str) -> str:
    """Replace control and bidirectional characters by `�`, to protect the terminal.

    Anyone who may write to the server can choose names and texts.
    """
    return _UNPRINTABLE.sub("\ufffd", text)


def fail(sentence: str, code: int = 1) -> None:
    """Print one sentence to standard error and exit with `code`."""
    print(f"earmark: {sentence}", file=sys.stderr)
    raise typer.Exit(code)


def check_mode(mode: str) -> Mode:
    """Return `live` or `test`.

    Raises: typer.BadParameter, which is exit 2.
    """
    found: Mode | None = next((one for one in get_args(Mode) if one == mode), None)
    if found is None:
        raise typer.BadParameter("--mode must be live or test.")
    return found


async def find_tenant(runtime: Runtime, project: str, mode: str) -> Tenant:
    """Return the handle on a project's data of a mode.

    Raises: ProjectNotFoundError.
    """
    return await get_tenant(runtime.operator, project, check_mode(mode))


def run(work: Callable[[Runtime], Awaitable[T]], *, alone: bool = False) -> T:
    """Open the runtime, run the work, close it; `alone` takes the data directory's exclusive lock."""

    async def main() -> T:
        async with open_runtime(load_settings(), alone=alone) as runtime:
            return await work(runtime)

    return asyncio.run(main())
