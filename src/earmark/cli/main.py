"""`earmark`: the entry point, its commands, and their exit codes."""

from __future__ import annotations

import os
import sys
from typing import Annotated

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
    mcp,
    models,
    person_export,
    projects,
    recordings,
    reindexing,
    restoring,
    retention,
    serving,
    sessions,
    setup,
    summarizing,
    transcribing,
    using,
    watching,
    webhooks,
)
from earmark.cli.defaults import UsageError
from earmark.cli.notices import complain
from earmark.cli.output import JsonOption, emit
from earmark.errors import EarmarkError
from earmark.logs import configure_logs

app = typer.Typer(
    name="earmark",
    help="Ask your voice recordings; every answer cites the recording and the millisecond.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("serve")(serving.serve)
app.command("setup")(setup.setup)
app.command("use")(using.use)
app.add_typer(projects.projects_cli, name="projects")
app.add_typer(keys.keys_cli, name="keys")
app.command("import")(importing.import_files)
app.command("watch")(watching.watch)
app.command("transcribe")(transcribing.transcribe)
app.command("search")(asking.search)
app.command("ask")(asking.ask)
app.add_typer(recordings.recordings_cli, name="recordings")
app.add_typer(sessions.sessions_cli, name="sessions")
app.command("summarize")(summarizing.summarize)
app.command("digest")(summarizing.digest)
app.add_typer(models.models_cli, name="models")
app.command("doctor")(doctor.doctor)
app.add_typer(jobs.jobs_cli, name="jobs")
app.add_typer(webhooks.webhooks_cli, name="webhooks")
app.command("console-link")(console_link.console_link)
app.add_typer(audit.audit_cli, name="audit")
app.add_typer(mcp.mcp_cli, name="mcp")
app.command("reindex")(reindexing.reindex)
app.command("retention")(retention.retention)
app.add_typer(backups.backup_cli, name="backup")
app.command("restore")(restoring.restore)
app.command("export")(person_export.export)
app.command("demo", hidden=True)(demo.demo)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(earmark.__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command("version")
def print_version(as_json: JsonOption = False) -> None:
    """Print the version."""
    emit({"version": earmark.__version__}, as_json=as_json, text=earmark.__version__)


def run() -> None:
    """Run a command; errors print one sentence and exit with 2 (usage) or 1 (failure).

    Files that it and its server processes write are accessible to their owner only.
    """
    os.umask(0o077)
    configure_logs("error")  # commands print results, not logs; server processes set their own level
    try:
        code = app(standalone_mode=False)
    except UsageError as error:
        complain(_sentence_of(error))
        code = 2
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except typer.Exit as stop:
        code = stop.exit_code
    except EarmarkError as error:
        complain(error.message)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _sentence_of(error: Exception) -> str:
    """Return the error and its option, in one line."""
    message: str = error.format_message()  # type: ignore[attr-defined]
    return " ".join(message.removeprefix("Invalid value: ").split())
