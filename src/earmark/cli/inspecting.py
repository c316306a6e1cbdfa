"""`earmark import --dry-run`: what each file is taken for; nothing is stored."""

from __future__ import annotations

import orjson
import typer

from earmark.api.wire.inspection import inspection_to_wire
from earmark.clock import render_offset
from earmark.errors import EarmarkError
from earmark.imports.types import Group
from earmark.transcripts import parse_transcripts, render_warning
from earmark.transcripts.types import ParsedTranscript

_SHOWN = 5


def inspect_group(group: Group, charset: str | None, *, as_json: bool) -> bool:
    """Print what a recording's files are; return whether they can't be read."""
    if group.transcript is None:
        _say({"file": group.name, "format": "audio"}, f"{group.name}: audio, without a transcript", as_json=as_json)
        return False
    try:
        with group.transcript.open() as opened:
            found = parse_transcripts(opened.read(), filename=group.transcript.base, charset=charset)
    except (EarmarkError, OSError) as error:
        message = error.message if isinstance(error, EarmarkError) else f"{(error.strerror or 'unknown').lower()}."
        _say({"file": group.name, "error": message}, f"{group.name}: {message}", as_json=as_json)
        return True
    for _, parsed in found:
        _say({"file": group.name, **inspection_to_wire(parsed)}, _text(group, parsed), as_json=as_json)
    return False


def _say(shown: dict[str, object], text: str, *, as_json: bool) -> None:
    typer.echo(orjson.dumps(shown).decode() if as_json else text)


def _text(group: Group, parsed: ParsedTranscript) -> str:
    count = len(parsed.segments)
    speakers = dict.fromkeys(segment.speaker for segment in parsed.segments if segment.speaker is not None)
    lines = [
        f"{group.name}: {parsed.format}, {parsed.encoding}, {count:,} segment{'' if count == 1 else 's'},"
        f" {render_offset(parsed.segments[-1].end_ms)} long",
        f"  because {parsed.candidates[0].reason}" if parsed.candidates else "",
        f"  name: {parsed.name}" if parsed.name else "",
        f"  recorded: {parsed.recorded.moment:%Y-%m-%d}" if parsed.recorded else "",
        f"  speakers: {', '.join(list(speakers)[:20])}" if speakers else "  no speakers",
    ]
    for one in parsed.segments[:_SHOWN]:
        speaker = f"{one.speaker}: " if one.speaker else ""
        lines.append(f"  {render_offset(one.start_ms)}  {speaker}{' '.join(one.text.split())[:100]}")
    lines += [f"  note: {render_warning(warning)}" for warning in parsed.warnings[:_SHOWN]]
    return "\n".join(filter(None, lines))
