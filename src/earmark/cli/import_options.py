"""Options that the commands which import have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from earmark.cli.defaults import fill_person

FilesArgument = Annotated[
    list[Path], typer.Argument(help="Transcripts, audio, folders and .zip exports.", metavar="FILE…")
]
PersonOption = Annotated[
    str,
    typer.Option(
        help="The end user's external id (created if new), or eu_… (default: of `earmark use`).",
        callback=fill_person,
        show_default=False,
    ),
]
NameOption = Annotated[str | None, typer.Option(help="The recording's name (default: from the file).")]
RecordedAtOption = Annotated[str | None, typer.Option(help="When it was recorded (RFC 3339; default: from the file).")]
AudioOption = Annotated[
    list[Path] | None, typer.Option(help="The audio of FILE; once per FILE, in the same order.", metavar="AUDIO")
]
FolderOption = Annotated[
    str | None, typer.Option(help="Add them to this folder (created if new; default: the export's).")
]
EncodingOption = Annotated[str | None, typer.Option(help="The files' encoding, such as cp1251 (default: found).")]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", is_eager=True, help="Show what each file is taken for; store nothing.")
]
NoTranscribeOption = Annotated[
    bool, typer.Option("--no-transcribe", help="Import audio without making transcripts of it.")
]
