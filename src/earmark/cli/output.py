"""Prints commands' results (JSON or text), and runs their work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar, get_args

import orjson
import typer

from earmark.cli.defaults import fill_person, fill_project, refuse_gone_project
from earmark.cli.notices import complain
from earmark.config import load_settings
from earmark.identity.errors import ProjectNotFoundError
from earmark.identity.projects import get_tenant
from earmark.identity.types import Mode
from earmark.runtime import Runtime, open_runtime
from earmark.storage.tenant import Tenant
from earmark.text import escape_unprintable, printable

T = TypeVar("T")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
ProjectOption = Annotated[
    str,
    typer.Option(
        "--project", help="The project's id (default: of `earmark use`, else the only one).", metavar="proj_…",
        callback=fill_project, show_default=False,
    ),
]  # fmt: skip
"""Its default is the empty text, for which the default project stands."""
EndUserOption = Annotated[
    str,
    typer.Option(
        "--end-user", help="The end user's eu_…, or external id (default: of `earmark use`, else the only one).",
        callback=fill_person, show_default=False,
    ),
]  # fmt: skip
"""Its default is the empty text, for which the default person stands. It comes after the project."""
ModeOption = Annotated[str, typer.Option("--mode", help="live or test data.")]


def emit(value: Any, *, as_json: bool, text: str) -> None:
    """Print one result: a JSON line, or `text`."""
    print(escape_unprintable(orjson.dumps(value).decode()) if as_json else printable(text))


def fail(sentence: str, code: int = 1) -> None:
    """Print one sentence to standard error and exit with `code`."""
    complain(sentence)
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

    Raises: ProjectNotFoundError; DefaultGoneError.
    """
    try:
        return await get_tenant(runtime.operator, project, check_mode(mode))
    except ProjectNotFoundError:
        refuse_gone_project(project)
        raise


def run(work: Callable[[Runtime], Awaitable[T]], *, alone: bool = False, may_create: bool = False) -> T:
    """Open the runtime, run the work, close it.

    `alone` takes the data directory's exclusive lock; `may_create` is for commands that begin an installation.

    Raises: NoDatabaseError.
    """

    async def main() -> T:
        async with open_runtime(load_settings(), alone=alone, may_create=may_create) as runtime:
            return await work(runtime)

    return asyncio.run(main())
