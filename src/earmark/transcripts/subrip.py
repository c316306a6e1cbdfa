"""Parses SubRip (.srt), a format without a specification: tolerant, except of time lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from earmark.transcripts.cues import Cue, Grammar, Span, cue_segments, read_cues, split_turns, stamp_ms
from earmark.transcripts.normalise import build_segments
from earmark.transcripts.text_body import decode_text, split_lines
from earmark.transcripts.types import ParsedTranscript, Segment

_STAMP: Final = r"(?:(\d{1,6}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})"
# Players append the text's box to the times (`X1:…`).
_TIMES: Final = re.compile(rf"[ \t]*{_STAMP}[ \t]*-->[ \t]*{_STAMP}(?:[ \t].*)?", re.ASCII | re.DOTALL)
# Only what players treat as markup, so that `<laughs>` stays.
_MARKUP: Final = re.compile(r"</?(?:b|i|u|s|font)(?:\s[^<>]*)?>|\{\\an?\d{1,2}\}", re.IGNORECASE)


def parse_subrip(body: bytes) -> ParsedTranscript:
    """Parse a SubRip file.

    Raises: InvalidError naming the line at fault.
    """
    lines = split_lines(decode_text(body))
    drafts = (draft for cue in read_cues(lines, 0, _GRAMMAR) for draft in _segments(cue))
    return ParsedTranscript(build_segments(drafts))


def _segments(cue: Cue) -> Iterator[Segment]:
    said = _MARKUP.sub("", "\n".join(cue.lines)).split("\n")
    return cue_segments(cue, split_turns(said))


def _parse_times(line: str) -> Span | None:
    match = _TIMES.fullmatch(line)
    return (stamp_ms(match, 1), stamp_ms(match, 5)) if match else None


_GRAMMAR: Final = Grammar(
    parse_times=_parse_times,
    is_ignored=lambda line: False,
    is_blank=lambda line: not line.strip(),
)
