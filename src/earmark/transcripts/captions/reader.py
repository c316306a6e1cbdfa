"""Reads a file of captions: cues, unrolled, with their speakers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from earmark.errors import InvalidError
from earmark.strict_json import parse_json
from earmark.transcripts.captions.cues import Cue, read_cues
from earmark.transcripts.captions.rolling import unroll
from earmark.transcripts.drafts import Draft, settle
from earmark.transcripts.language import parse_vendor_language
from earmark.transcripts.limits import MAX_SEGMENTS, Line, count_units, too_many_segments
from earmark.transcripts.markup import Part, plain_words, split_turn_marks, split_voices
from earmark.transcripts.normalise import clean_text
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.speakers import Names, is_name, learn_names, split_prefix
from earmark.transcripts.timing import share_time
from earmark.transcripts.types import ParsedTranscript

_WEBVTT_ONLY: Final = re.compile(r"</?v[ .>]|</?c[.>]|<\d\d:\d\d")
_HOUR_MS: Final = 3_600_000
_CLOCK_HOURS: Final = 3


def read_captions(lines: Sequence[str], repairs: Repairs, *, form: str) -> ParsedTranscript:
    """Read WebVTT, SubRip or SBV.

    Args:
        form: `webvtt`, `subrip`, `sbv` or `time-ranges`; WebVTT's markup is read wherever it stands.

    Raises: InvalidError if too many cues can't be read, or there are no words.
    """
    has_voices = form == "webvtt" or any(_WEBVTT_ONLY.search(line) for line in lines)
    cues = list(read_cues(lines, repairs))
    # WebVTT counts from the beginning, unless it is a piece of a broadcast.
    if form != "webvtt" or any(line.startswith("X-TIMESTAMP-MAP") for line in lines[:5]) or lines[0][:6] != "WEBVTT":
        cues = _set_to_zero(cues, repairs)
    bare = [replace(cue, lines=_shown_lines(cue, has_voices)) for cue in cues]
    if heads := _names_on_own_lines(bare):
        cues = [_with_head(cue) if _first(cue) in heads else cue for cue in cues]
    # Captions that roll name nobody: who has a voice said these words, even if another said them before.
    unrolled = bare if _have_voices(cues) else unroll(bare, are_highlighted=_are_highlighted(cues, bare))
    if [cue.lines for cue in unrolled] == [cue.lines for cue in bare]:
        drafts = _drafts([(cue, _parts(cue, has_voices)) for cue in cues])
    else:
        drafts = _drafts([(cue, [(None, "\n".join(cue.lines))]) for cue in unrolled])
        drafts = _with_speakers_above(drafts, bare)
    return ParsedTranscript(settle(drafts, repairs), _language(lines) if form == "webvtt" else None, format=form)


def _have_voices(cues: Sequence[Cue]) -> bool:
    spoken = [cue for cue in cues if cue.lines]
    return bool(spoken) and all(cue.lines[0].lstrip().startswith(("<v ", "<v.")) for cue in spoken)


def _are_highlighted(cues: Sequence[Cue], shown: Sequence[Cue]) -> bool:
    rows = zip(pairwise(cues), pairwise(shown), strict=True)
    return any(one.lines != other.lines and bare.lines == again.lines for (one, other), (bare, again) in rows)


def _first(cue: Cue) -> str:
    name = cue.lines[0].strip().rstrip(": ") if len(cue.lines) > 1 else ""
    return name[1:-1].strip() if name[:1] in ("(", "[") and name[-1:] in (")", "]") else name


def _names_on_own_lines(cues: Sequence[Cue]) -> frozenset[str]:
    """Return the names that stand alone in the first line of most cues, above their words; they must come back."""
    counts = Counter(name for cue in cues if (name := _first(cue)) and is_name(name))
    is_so = counts.total() * 5 >= len(cues) * 4 and counts.total() > len(counts)
    return frozenset(counts) if is_so else frozenset()


def _with_head(cue: Cue) -> Cue:
    return replace(cue, lines=cue.lines[1:], speaker=_first(cue))


def _set_to_zero(cues: list[Cue], repairs: Repairs) -> list[Cue]:
    """Take times of the clock (21:57:26) as such: the first cue is then the beginning."""
    starts = [cue.start_ms for cue in cues if cue.start_ms is not None]
    if not starts:
        return cues
    first = min(starts)
    if first < _CLOCK_HOURS * _HOUR_MS or max(starts) - first >= first:
        return cues
    repairs.note(cues[0].place, "times_of_day", "the times begin late and look like times of day; the first is now 0.")
    return [
        replace(
            cue,
            start_ms=None if cue.start_ms is None else cue.start_ms - first,
            end_ms=None if cue.end_ms is None else max(cue.end_ms - first, 0),
        )
        for cue in cues
    ]


def _parts(cue: Cue, has_voices: bool) -> list[Part]:
    payload = "\n".join(cue.lines)
    if cue.speaker is not None:
        return [(cue.speaker, split_voices(payload)[0][1] if has_voices else plain_words(payload))]
    if payload.startswith("{") and (spoken := _spoken_object(payload)):
        return [spoken]
    return split_voices(payload) if has_voices else [(None, plain_words(payload))]


def _shown_lines(cue: Cue, has_voices: bool) -> tuple[str, ...]:
    words = "\n".join(text for _, text in _parts(cue, has_voices))
    return tuple(" ".join(line.split()) for line in words.split("\n") if line.strip())


def _spoken_object(payload: str) -> Part | None:
    """Return what a cue that is an object says: Teams writes speakerName and spokenText."""
    try:
        said = parse_json(payload.encode())
    except InvalidError:
        return None
    if not isinstance(said, dict):
        return None
    words = next((said[key] for key in ("spokenText", "text", "transcript") if isinstance(said.get(key), str)), None)
    speaker = next((said[key] for key in ("speakerName", "speaker") if isinstance(said.get(key), str)), None)
    return None if words is None else (speaker, words)


def _drafts(cues: list[tuple[Cue, list[Part]]]) -> Iterator[Draft]:
    """Yield a draft for each part with words, dividing the cue's time by length."""
    names = learn_names(first for _, parts in cues for first in _lines_with_names(parts))
    for cue, parts in cues:
        spoken = [(who, text) for who, raw in _turns(parts, names) if (text := clean_text(raw))]
        if len(spoken) > MAX_SEGMENTS:
            raise too_many_segments()
        if len(spoken) == 1 or cue.start_ms is None or cue.end_ms is None or cue.end_ms < cue.start_ms:
            for who, text in spoken:
                yield Draft(cue.place, text, cue.start_ms, cue.end_ms, who)
        elif spoken:
            spans = share_time(cue.start_ms, cue.end_ms, [count_units(text) for _, text in spoken])
            for (who, text), (start_ms, end_ms) in zip(spoken, spans, strict=True):
                yield Draft(cue.place, text, start_ms, end_ms, who)


def _with_speakers_above(drafts: Iterable[Draft], shown: Sequence[Cue]) -> Iterator[Draft]:
    """Give new words the speaker with whom their cue begins, if that name was on the screen already."""
    names = learn_names(cue.lines[0] for cue in shown if cue.lines)
    speakers = {cue.place.number: names.split(cue.lines[0])[0] for cue in shown if cue.lines}
    for draft in drafts:
        if draft.speaker is None and isinstance(draft.place, Line):
            draft.speaker = speakers.get(draft.place.number)
        yield draft


def _lines_with_names(parts: list[Part]) -> Iterator[str]:
    if len(parts) == 1 and parts[0][0] is None:
        for mark in split_turn_marks(parts[0][1]):
            first, *others = mark.strip().split("\n")
            if first:
                yield first
            if split_prefix(first) is not None:
                yield from filter(split_prefix, others)


def _turns(parts: list[Part], names: Names) -> Iterator[Part]:
    """Yield who says what: voices as they are, else what stands before a colon."""
    if len(parts) > 1 or parts[0][0] is not None:
        for speaker, text in parts:
            yield speaker, " ".join(text.split("\n"))
        return
    for said in split_turn_marks(parts[0][1]):
        yield from _named_turns(said, names)


def _named_turns(text: str, names: Names) -> Iterator[Part]:
    """Join lines; if the first names a speaker, each line that does begins a turn.

    If only a later line has a colon, the colon is more likely part of the words.
    """
    turns: list[tuple[str | None, list[str]]] = []
    for line in filter(None, map(clean_text, text.split("\n"))):
        speaker, words = names.split(line)
        if not turns or (speaker is not None and turns[0][0] is not None):
            turns.append((speaker, [words]))
        else:
            turns[-1][1].append(line)
    for speaker, said in turns:
        yield speaker, " ".join(filter(None, said))


def _language(lines: Sequence[str]) -> str | None:
    """Return the language of a WebVTT header."""
    for line in lines[1:20]:
        if not line.strip():
            break
        key, _, value = line.partition(":")
        if key.strip().lower() == "language":
            return parse_vendor_language(value)
    return None
