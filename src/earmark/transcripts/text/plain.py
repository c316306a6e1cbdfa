"""Reads text without times: `Speaker: words` lines, or prose. Times are estimated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from earmark.errors import InvalidError
from earmark.transcripts.footers import is_footer
from earmark.transcripts.limits import MAX_HOURS, MAX_SPEAKER_UNITS, MAX_TIME_MS, is_longer
from earmark.transcripts.normalise import build_segments, clean_text
from earmark.transcripts.sentences import split_sentences
from earmark.transcripts.speakers import Names, is_name, learn_names
from earmark.transcripts.text.headed import participants_of
from earmark.transcripts.text.headings import Heading, read_heading, split_heading, transcript_label
from earmark.transcripts.text.lines import TextLine
from earmark.transcripts.timing import estimate_time_ms
from earmark.transcripts.types import ParsedTranscript, Segment

ESTIMATED: Final = "import/estimated"
_LONGEST_HEADING: Final = 12
_COMES_BACK: Final = 2


def dialogue_names(lines: Sequence[TextLine]) -> Names | None:
    """Return the names of a dialogue, None if the text is none.

    It is one if more than half of its lines name a speaker, or at least two names come back: a speaker may go on for
    many paragraphs.
    """
    lines = lines[_heading_end(lines) :]
    names = learn_names(line.words for line in lines)
    counts = Counter(name for line in lines if (name := names.split(line.words)[0]) is not None)
    comes_back = any(count >= _COMES_BACK and is_name(name) for name, count in counts.items())
    return names if counts.total() * 2 > len(lines) or (comes_back and len(counts) >= _COMES_BACK) else None


def _heading_end(lines: Sequence[TextLine]) -> int:
    return max(split_heading(lines), transcript_label(lines) + 1)


def heads_of(lines: Sequence[TextLine]) -> frozenset[str]:
    """Return the names that stand alone above what they say, as in plays; empty if the text isn't written so.

    At least three such lines, of at least two names of which one comes back, each with words right below it.
    """
    start = _heading_end(lines)
    counts: Counter[str] = Counter()
    for line, following in pairwise(lines[start:]):
        name = line.words.rstrip(": ")
        is_above = not following.is_after_blank or line.raw != line.words  # or set off by Markdown
        if line.is_after_blank and is_above and len(name) <= 60 and is_name(name):
            counts[name] += 1
    is_so = counts.total() > 2 and 1 < len(counts) < counts.total() and counts.total() * 6 >= len(lines)
    return frozenset(counts) if is_so else frozenset()


def read_dialogue(lines: Sequence[TextLine], names: Names, heads: frozenset[str] = frozenset()) -> ParsedTranscript:
    """Read a segment a line; a line without a name continues the last speaker.

    Raises: InvalidError if it has no words, or more than the longest recording can contain.
    """
    start = _heading_end(lines)
    first = next(
        (at for at, line in enumerate(lines) if at >= start and _names_one(line, names, heads)), start
    )  # fmt: skip
    heading = read_heading(lines[:first]) if first <= start + _LONGEST_HEADING else Heading(rest=list(lines[:first]))
    spoken = [line for line in [*heading.rest, *lines[first:]] if not is_footer(line.raw)] or list(lines)
    return ParsedTranscript(
        consecutive(_name_speakers(spoken, names, heads)), engine=ESTIMATED, name=heading.title,
        recorded=heading.recorded, metadata=participants_of(heading), format="text-dialogue",
    )  # fmt: skip


def _names_one(line: TextLine, names: Names, heads: frozenset[str]) -> bool:
    return line.words.rstrip(": ") in heads or names.split(line.words)[0] is not None


def read_prose(text: str, lines: Sequence[TextLine]) -> ParsedTranscript:
    """Read a segment a sentence, without what tools add at the end.

    Raises: InvalidError as `read_dialogue`.
    """
    if any(is_footer(line.raw) for line in lines[-3:]):
        text = "\n".join(line.raw for line in lines if not is_footer(line.raw)) or text
    return ParsedTranscript(estimate_prose(text), engine=ESTIMATED, format="text-prose")


def estimate_prose(text: str) -> tuple[Segment, ...]:
    """Return one segment per sentence, consecutive, with estimated durations.

    Raises: InvalidError as `read_dialogue`.
    """
    return consecutive((None, sentence) for sentence in split_sentences(text))


def _name_speakers(lines: Iterable[TextLine], names: Names, heads: frozenset[str]) -> Iterator[tuple[str | None, str]]:
    speaker: str | None = None
    for line in lines:
        if line.is_after_blank and (alone := line.words.rstrip(": ")) in heads:
            speaker = alone
            continue
        name, words = names.split(line.words)
        speaker = name or speaker
        if words:
            yield speaker, words


def consecutive(turns: Iterable[tuple[str | None, str]]) -> tuple[Segment, ...]:
    """Return a segment for each speaker and words, one after the other, with estimated durations.

    Raises: InvalidError as `read_dialogue`.
    """
    return build_segments(_estimate(turns))


def _estimate(turns: Iterable[tuple[str | None, str]]) -> Iterator[Segment]:
    at_ms = 0
    for speaker, raw in turns:
        if not (text := clean_text(raw)):
            continue
        end_ms = at_ms + estimate_time_ms(text)
        if end_ms > MAX_TIME_MS:
            raise InvalidError(f"The text takes longer than {MAX_HOURS} hours to say, at 400 ms a word.")
        segment = Segment(at_ms, end_ms, text, speaker)
        yield segment if not is_longer(speaker or "", MAX_SPEAKER_UNITS) else replace(segment, speaker=None)
        at_ms = end_ms
