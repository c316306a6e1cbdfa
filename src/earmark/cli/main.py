"""`earmark`: the entry point, its commands, and their exit codes."""

from __future__ import annotations

import os
import sys
from typing import cast

import typer

import earmark
from earmark.cli import (
    asking,
    audit,
    backups,
    console_link,
    demo,
    doctor,
    importing,
    jobs,
    keys,
    models,
    person_export,
    projects,
    reindexing,
    serving,
)
from earmark.errors import EarmarkError
from earmark.logs import configure_logs

# Typer bundles click and exports only some of its classes; UsageError is BadParameter's base class.
_UsageError = cast("type[Exception]", typer.BadParameter.__mro__[1])

app = typer.Typer(
    name="earmark",
    help="Ask your voice recordings; every answer cites the recording and the millisecond.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("serve")(serving.serve)
app.add_typer(projects.projects_cli, name="projects")
app.add_typer(keys.keys_cli, name="keys")
app.command("import")(importing.import_files)
app.command("search")(asking.search)
app.command("ask")(asking.ask)
app.add_typer(models.models_cli, name="models")
app.command("doctor")(doctor.doctor)
app.add_typer(jobs.jobs_cli, name="jobs")
app.command("console-link")(console_link.console_link)
app.add_typer(audit.audit_cli, name="audit")
app.command("reindex")(reindexing.reindex)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("export")(person_export.export)
app.command("demo", hidden=True)(demo.demo)


@app.command("version")
def version() -> None:
    """Print the version."""
    print(earmark.__version__)


def run() -> None:
    """Run a command; errors print one sentence and exit with 2 (usage) or 1 (failure).

    Files that it and its server processes write are accessible to their owner only.
    """
    os.umask(0o077)
    configure_logs("error")  # commands print results, not logs; server processes set their own level
    try:
        code = app(standalone_mode=False)
    except _UsageError as error:
        _say(_sentence_of(error))
        code = 2
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except typer.Exit as stop:
        code = stop.exit_code
    except EarmarkError as error:
        _say(error.message)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _sentence_of(error: Exception) -> str:
    """Return the error and its option, in one line."""
    message: str = error.format_message()  # type: ignore[attr-defined]
    return " ".join(message.removeprefix("Invalid value: ").split())


def _say(sentence: str) -> None:
    print(f"earmark: {sentence}", file=sys.stderr)
