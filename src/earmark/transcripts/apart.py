"""Reading a transcript file in a process of its own: what goes there, and what comes back in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

from earmark.computing.process import in_pieces
from earmark.transcripts.reading import parse_transcript
from earmark.transcripts.types import ParsedTranscript, Segment


def read_apart(pieces: Iterator[Any]) -> Iterator[Any]:
    """Parse a file; yield the transcript without its segments, then the segments."""
    body, media_type, charset, *named = pieces  # the file's name, if it has one
    filename = named[0] if named else None
    parsed = parse_transcript(body, media_type=media_type, filename=filename, charset=charset)
    yield replace(parsed, segments=())
    yield from pack_segments(parsed.segments)


def join_read(pieces: list[Any]) -> ParsedTranscript:
    """Return the transcript of what `read_apart` yielded."""
    head: ParsedTranscript = pieces[0]
    return replace(head, segments=tuple(unpack_segments(pieces[1:])))


def pack_segments(segments: Iterable[Segment]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield segments as they travel: tuples, in pieces."""
    return in_pieces((one.start_ms, one.end_ms, one.text, one.speaker, one.confidence) for one in segments)


def unpack_segments(pieces: Iterable[list[tuple[Any, ...]]]) -> Iterator[Segment]:
    """Yield the segments of these pieces."""
    return (Segment(*values) for values in chain.from_iterable(pieces))
