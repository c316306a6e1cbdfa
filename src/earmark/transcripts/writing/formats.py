"""The formats in which a transcript can be had. Each can be imported again, Markdown with its escapes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import orjson

from earmark.markdown import escape_markdown
from earmark.text import escape_unprintable
from earmark.transcripts.types import Segment
from earmark.transcripts.writing.lines import clock, flat
from earmark.transcripts.writing.webvtt import render_webvtt

TranscriptFormat = Literal["vtt", "srt", "txt", "markdown", "json", "csv"]
MEDIA_TYPES: Final[dict[TranscriptFormat, str]] = {
    "vtt": "text/vtt; charset=utf-8", "srt": "application/x-subrip; charset=utf-8",
    "txt": "text/plain; charset=utf-8", "markdown": "text/markdown; charset=utf-8",
    "json": "application/json", "csv": "text/csv; charset=utf-8",
}  # fmt: skip
SUFFIXES: Final[dict[TranscriptFormat, str]] = {
    "vtt": "vtt", "srt": "srt", "txt": "txt", "markdown": "md", "json": "json", "csv": "csv",
}  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t")


@dataclass(frozen=True, slots=True)
class Heading:
    """What a file says of its recording; `recorded_at` as the API writes it."""

    name: str | None
    recorded_at: str | None
    language: str | None


def render_transcript(form: TranscriptFormat, heading: Heading, segments: Sequence[Segment]) -> bytes:
    """Return a transcript as a file in UTF-8."""
    if form == "json":
        return _render_json(heading, segments)
    return _RENDERERS[form](heading, segments).encode()


def _render_vtt(heading: Heading, segments: Sequence[Segment]) -> str:
    return render_webvtt(segments)


def _render_srt(heading: Heading, segments: Sequence[Segment]) -> str:
    cues = (
        f"{number}\n{clock(one.start_ms, ',')} --> {clock(one.end_ms, ',')}\n{_spoken(one)}\n"
        for number, one in enumerate(segments, start=1)
    )
    return "\n".join(cues)


def _render_txt(heading: Heading, segments: Sequence[Segment]) -> str:
    return "".join(f"[{clock(one.start_ms, '.')}] {_spoken(one)}\n" for one in segments)


def _render_markdown(heading: Heading, segments: Sequence[Segment]) -> str:
    return "\n\n".join(_markdown_parts(heading, segments)) + "\n"


def _markdown_parts(heading: Heading, segments: Sequence[Segment]) -> Iterator[str]:
    yield f"# {escape_markdown(flat(heading.name or 'Transcript'))}"
    if heading.recorded_at is not None:
        yield f"Recorded {heading.recorded_at}"
    for one in segments:
        speaker = "" if one.speaker is None else f" {escape_markdown(flat(one.speaker))}:"
        yield f"**[{clock(one.start_ms, '.')}]{speaker}** {escape_markdown(flat(one.text))}"


def _render_csv(heading: Heading, segments: Sequence[Segment]) -> str:
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(("start", "end", "speaker", "text"))
    for one in segments:
        times = (clock(one.start_ms, "."), clock(one.end_ms, "."))
        rows.writerow((*times, _cell(one.speaker or ""), _cell(one.text)))
    return table.getvalue()


def _render_json(heading: Heading, segments: Sequence[Segment]) -> bytes:
    rows = [
        {"start": one.start_ms / 1_000, "end": one.end_ms / 1_000, "speaker": one.speaker, "text": one.text,
         "confidence": one.confidence, "is_unclear": one.is_unclear or None}
        for one in segments
    ]  # fmt: skip
    known = [{name: value for name, value in row.items() if value is not None} for row in rows]
    facts = {"name": heading.name, "recorded_at": heading.recorded_at, "language": heading.language}
    document = {**{name: value for name, value in facts.items() if value is not None}, "segments": known}
    return escape_unprintable(orjson.dumps(document).decode()).encode()


_RENDERERS: Final[dict[str, Callable[[Heading, Sequence[Segment]], str]]] = {
    "vtt": _render_vtt, "srt": _render_srt, "txt": _render_txt, "markdown": _render_markdown, "csv": _render_csv,
}  # fmt: skip


def _spoken(segment: Segment) -> str:
    return flat(segment.text) if segment.speaker is None else f"{flat(segment.speaker)}: {flat(segment.text)}"


def _cell(text: str) -> str:
    """Return a cell that a spreadsheet shows as text: one that would be a formula begins with an apostrophe.

    Source: OWASP, CSV Injection.
    """
    line = flat(text)
    return f"'{line}" if line.startswith(_FORMULA) else line
