"""`earmark setup`: creates the first project, person and key, and makes them the defaults of commands."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from earmark.cli.output import JsonOption, emit, run
from earmark.cli.using import check_savable, save_defaults
from earmark.config import settings_file
from earmark.errors import EarmarkError, InvalidError
from earmark.processing.setup import Installed, check_names, refuse_if_set_up, set_up

_NEXT = """
Commands use this project and person unless told otherwise ({file}). Next:
  earmark import FILE…    transcripts, audio, folders, exports
  earmark ask "…"
  earmark serve           the console and the API; `earmark console-link` signs you in; it also transcribes and
                          summarises what you import
"""


def setup(
    project_name: Annotated[str | None, typer.Option(help="The project's name.", metavar="NAME")] = None,
    person: Annotated[str | None, typer.Option(help="Your name, or your external id.", metavar="NAME")] = None,
    as_json: JsonOption = False,
) -> None:
    """Create the first project, its first person and a key; asks for the names on a terminal."""
    asks = not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    if not asks and (project_name is None or person is None):
        raise typer.BadParameter("Give --project-name and --person.")
    check_savable()
    run(lambda runtime: refuse_if_set_up(runtime.operator), may_create=True)  # before it asks
    if asks:
        project_name = project_name or typer.prompt("The project's name", default="My project")
        person = person or typer.prompt("Your name")
    names = _check(project_name or "", person or "")
    made = run(lambda runtime: set_up(runtime.operator, *names), may_create=True)
    failure = _save(made)
    shown = {"project_id": made.project.id, "end_user_id": made.end_user.id, "key": made.key.secret}
    text = (
        f"project  {made.project.id}  {made.project.name}\nperson   {made.end_user.id}  {made.end_user.name}\n"
        f"key      {made.key.secret}  (shown only now)\n"
    )
    after = "" if failure else _NEXT.format(file=settings_file())
    emit({**shown, "settings_file": str(settings_file())}, as_json=as_json, text=(text + after).rstrip("\n"))
    if failure is not None:
        raise failure


def _check(project_name: str, person: str) -> tuple[str, str]:
    try:
        return check_names(project_name, person)
    except InvalidError as error:
        raise typer.BadParameter(error.message) from error


def _save(made: Installed) -> EarmarkError | None:
    """Save the defaults; return what failed, so that the key is shown first."""
    try:
        save_defaults(made.project.id, made.end_user.id)
    except EarmarkError as error:
        return error
    return None
