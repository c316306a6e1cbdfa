"""`docs/reference/cli.md`: every command with its arguments and options, from Typer's tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from earmark.cli.main import app

_INTRO = """# Command line

`earmark COMMAND --help` says the same on a terminal. `make install` puts the command into `.venv/bin/`.

- With `--json`, standard output holds JSON only: one object, or one line for each result.
- The exit code is 0 when all went well, 1 when something could not be done, 2 for wrong usage, 130 after Ctrl-C. What is
  wrong is one sentence on standard error.
- All commands but `restore` work while a server runs on the same data. They read the same [settings](settings.md) as the
  server, so start them in the same folder or with the same environment.
- `--project` takes the id that `earmark projects create` prints. `--mode` chooses between a project's live and test data,
  which never meet.

Written by `make docs` from the commands themselves.
"""


def render_commands() -> str:
    """Return the page."""
    lines = [_INTRO]
    for path, command in walk(typer.main.get_command(app), "earmark"):
        lines += [f"## {path}", "", *_body(path, command), ""]
    return "\n".join(lines).rstrip() + "\n"


def walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield each command that `--help` shows, with the words that call it."""
    for name, one in getattr(command, "commands", {}).items():
        if one.hidden:
            continue
        if getattr(one, "commands", None) is None or getattr(one, "invoke_without_command", False):
            yield f"{path} {name}", one
        yield from walk(one, f"{path} {name}")


def _body(path: str, command: Any) -> list[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [
        one for one in command.params if one.param_type_name == "option" and not one.hidden and one.name != "help"
    ]
    required = [f"{one.opts[0]} {_metavar(one)}" for one in options if one.required]
    named = [_metavar(one) if one.required else f"[{_metavar(one)}]" for one in arguments]
    rest = ["[OPTIONS]"] if len(required) < len(options) else []
    lines = ["```text", " ".join([path, *named, *required, *rest]), "```", "", _escape(command.help or "")]
    rows = [f"| `{_metavar(one)}` | {_meaning(one)} |" for one in arguments]
    rows += [f"| `{_spelling(one)}` | {_meaning(one)} |" for one in options]
    return [*lines, "", "| option | meaning |", "|---|---|", *rows] if rows else lines


def _spelling(option: Any) -> str:
    return ", ".join(option.opts) if option.is_flag else f"{', '.join(option.opts)} {_metavar(option)}"


def _metavar(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _meaning(parameter: Any) -> str:
    said = _escape(parameter.help or "")
    notes = []
    if parameter.param_type_name == "option" and parameter.required:
        notes.append("Required.")
    if getattr(parameter, "multiple", False):
        notes.append("May be given more than once.")
    default = parameter.default
    if default not in (None, False, "", ()) and not callable(default) and "default" not in said.lower():
        notes.append(f"Default: `{default}`.")
    return " ".join([said, *notes]).strip()


def _escape(text: str) -> str:
    """Keep a bar from ending a table's cell and a letter in angle brackets from being HTML."""
    return text.replace("|", "\\|").replace("<", "&lt;")
