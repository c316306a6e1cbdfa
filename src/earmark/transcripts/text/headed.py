"""Reads text with times: names and times above, beside or before the words, as the whole file has it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from earmark.transcripts.drafts import Draft, settle
from earmark.transcripts.footers import is_footer
from earmark.transcripts.limits import MAX_TIME_MS, Line, count_units
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.speakers import Names, is_name, learn_names
from earmark.transcripts.stamps import HALF_DAY_MS
from earmark.transcripts.text.dates import find_stamped_date, mentions_date
from earmark.transcripts.text.headings import MEASURE, Heading, is_heading_like, is_said, read_heading
from earmark.transcripts.text.lines import TextLine, bare_name, times_of, unmarked
from earmark.transcripts.timing import estimate_time_ms, share_time
from earmark.transcripts.types import ParsedTranscript

_CHAT: Final = re.compile(r"From +([^:]{1,80}?) +[Tt]o +[^:]{1,80}:")
_MOST: Final = 0.6
_HOUR_MS: Final = 3_600_000
_FEW: Final = 8  # names need not come back in fewer turns


@dataclass(slots=True)
class _Turn:
    """What is said between two times: (line, speaker, words) each."""

    number: int
    start_ms: int
    end_ms: int | None
    said: list[tuple[int, str | None, str]] = field(default_factory=list)


def confirm_times(lines: Sequence[TextLine]) -> list[TextLine]:
    """Take for words the lines whose time is another kind of time than most of the file's are.

    These are a date with a time in a heading; "10:30 it is" among times in brackets; "John 3:16" among times before
    words; lines such as `mueller_k  0:03`, unless most are of that kind; and a bare time out of order.
    """
    kept = [
        _as_words(line) if line.kind == "likely" and (after is None or after.kind not in ("words", "stamped")) else line
        for line, after in zip(lines, [*lines[1:], None], strict=False)
    ]
    for is_stray in (_measures, _dated, _other_kind, _bare_among_bracketed, _out_of_order):
        strays = is_stray([line for line in kept if line.start_ms is not None])
        kept = [_as_words(line) if line.number in strays else line for line in kept]
    return [replace(line, kind="head", words="") if line.kind in ("head", "likely") else line for line in kept]


def _measures(timed: Sequence[TextLine]) -> set[int]:
    return {line.number for line in timed if line.name and MEASURE.fullmatch(line.name)}


def _dated(timed: Sequence[TextLine]) -> set[int]:
    dated = {line.number for line in timed if mentions_date(line.raw)}
    return dated if len(dated) <= max(2, len(timed) // 5) and len(dated) < len(timed) else set()


def _other_kind(timed: Sequence[TextLine]) -> set[int]:
    heads = [line for line in timed if line.kind in ("head", "likely")]
    is_of_heads = len(heads) * 2 > len(timed) and (len(heads) > 1 or heads[0].kind == "head")
    likely = {line.number for line in heads if line.kind == "likely"}
    if is_of_heads:
        return set()
    return likely | ({line.number for line in heads} if len(heads) * 3 < len(timed) else set())


def _bare_among_bracketed(timed: Sequence[TextLine]) -> set[int]:
    bare = {line.number for line in timed if line.kind == "stamped" and line.is_bare}
    return bare if len(bare) * 3 < len(timed) else set()


def _out_of_order(timed: Sequence[TextLine]) -> set[int]:
    """Times that step forward where the next steps back to before them, and is in order without them."""
    strays: set[int] = set()
    for before, line, after in zip(timed, timed[1:], timed[2:], strict=False):
        times = [one.start_ms or 0 for one in (before, line, after)]
        is_bracketed = line.kind in ("stamped", "time") and not line.is_bare
        if times[0] <= times[2] < times[1] and not is_bracketed:
            strays.add(line.number)
    return strays


def _as_words(line: TextLine) -> TextLine:
    words = unmarked(line.raw)
    return replace(line, kind="words", start_ms=None, end_ms=None, name=None, words=words, is_of_day=False)


def is_headed(lines: Sequence[TextLine]) -> bool:
    """Whether the times in a text are positions in the recording, not times of day that somebody mentions."""
    timed = [line for line in lines if line.start_ms is not None]
    if not timed:
        return False
    sure = [line for line in timed if not line.is_bare or line.kind in ("head", "named", "time")]
    first = next(index for index, line in enumerate(lines) if line.start_ms is not None)
    if not is_heading_like(lines[:first]) or not _run_forward(lines):
        return False
    spoken = lines[first:]
    if len(sure) * 2 < len(timed) and len(timed) * 2 < len(spoken) and not _has_names_beside(lines):
        return False
    return len(timed) > 1 or len(spoken) <= 20 or not timed[0].is_bare


def _has_names_beside(lines: Sequence[TextLine]) -> bool:
    """Whether names that come back stand beside the times: an agenda has each only once."""
    if _name_place(lines) != "beside":
        return False
    counts = Counter(line.words.rstrip(": ") for line in lines if line.kind == "stamped")
    return any(count > 1 for count in counts.values())


def read_headed(lines: Sequence[TextLine], repairs: Repairs) -> ParsedTranscript:
    """Read the turns of a text with times.

    Raises: InvalidError if there are no words.
    """
    lines = _without_footers(lines)
    place = _name_place(lines)
    first = _first_turn(lines, place)
    heading = read_heading(lines[:first])
    turns = _turns([*filter(is_said, heading.rest), *lines[first:]], place)
    is_of_day = any(line.is_of_day for line in lines)
    if is_of_day and len(turns) > 1 and turns[0].start_ms == 0:  # said before the first time
        turns[0].start_ms = turns[1].start_ms
    recorded = heading.recorded or (find_stamped_date([line.raw for line in lines if line.is_of_day]))
    segments = settle(_drafts(_from_zero(turns, repairs, is_of_day=is_of_day)), repairs)
    return ParsedTranscript(
        segments, name=heading.title, recorded=recorded, metadata=participants_of(heading), format="text-timed"
    )


def participants_of(heading: Heading) -> dict[str, list[str]] | None:
    """Return the metadata that a heading gives a recording."""
    names = list(dict.fromkeys(heading.participants))
    return {"participants": names} if names else None


def _run_forward(lines: Sequence[TextLine]) -> bool:
    """Whether at most a tenth of the times step back (one in a short file)."""
    times = list(times_of(lines))
    back = sum(later < earlier for earlier, later in pairwise(times))
    return back <= max(1, len(times) // 10)


def _without_footers(lines: Sequence[TextLine]) -> list[TextLine]:
    return [line for line in lines if not (line.kind in ("words", "time") and is_footer(line.raw))] or list(lines)


def _name_place(lines: Sequence[TextLine]) -> str:
    """Return where the name of a lone time stands: `above` or `below` it, `beside` it (the rest of its line), or "".

    A line beside a time is a name if words stand between it and the next one: captions copied from a player have
    one line between two times, which is what is said. In longer files the names must come back.
    """
    alone = [at for at, line in enumerate(lines) if line.kind == "time"]
    stamped = [at for at, line in enumerate(lines) if line.kind == "stamped"]
    timed = [at for at, line in enumerate(lines) if line.start_ms is not None]
    if len(alone) >= len(stamped) and alone:
        gaps = {later: later - earlier - 1 for earlier, later in pairwise(timed)}
        above = [at for at in alone if at > 0 and _is_lone_name(lines[at - 1]) and gaps.get(at, 2) >= 2]
        if _are_names(lines, [at - 1 for at in above], len(alone)):
            return "above"
        below = [at for at in alone if _is_name_and_words(lines[at + 1 : at + 3])]
        if _are_names(lines, [at + 1 for at in below], len(alone)):
            return "below"
    beside = [at for at in stamped if _is_head_beside(lines, at)]
    if stamped and _are_names(lines, beside, len(stamped)):
        return "beside"
    own = [at for at in stamped if at > 0 and _is_lone_name(lines[at - 1])]
    if stamped and len(own) > 1 and _are_names(lines, [at - 1 for at in own], len(own)):
        return "own line"
    return ""


def _are_names(lines: Sequence[TextLine], places: Sequence[int], heads: int) -> bool:
    """Whether the lines at these places are the names of most heads, and come back if there are several."""
    if len(places) < heads * _MOST or not places:
        return False
    counts = Counter(lines[at].words.rstrip(": ") for at in places)
    return len(places) < _FEW or len(counts) < len(places)


def _is_lone_name(line: TextLine) -> bool:
    words = line.words.rstrip(": ")
    return line.kind == "words" and len(words) <= 80 and is_name(words)


def _is_name_and_words(lines: Sequence[TextLine]) -> bool:
    return len(lines) == 2 and _is_lone_name(lines[0]) and lines[1].start_ms is None


def _is_head_beside(lines: Sequence[TextLine], at: int) -> bool:
    has_words = at + 1 < len(lines) and lines[at + 1].kind == "words"
    return has_words and len(lines[at].words) <= 80 and is_name(lines[at].words.rstrip(": "))


def _first_turn(lines: Sequence[TextLine], place: str) -> int:
    first = next(index for index, line in enumerate(lines) if line.start_ms is not None)
    has_name_above = place in ("above", "own line") and first and _is_lone_name(lines[first - 1])
    return first - 1 if has_name_above else first


def _turns(lines: Sequence[TextLine], place: str) -> list[_Turn]:
    names = _names(lines, place)
    turns: list[_Turn] = []
    speaker: str | None = None
    for before, line, after in zip([None, *lines[:-1]], lines, [*lines[1:], None], strict=True):
        if _is_name_line(before, line, after, place):
            speaker = bare_name(line.words)
            continue
        if line.kind == "words" and line.raw[:1] == "#" and line.raw != line.words and turns:  # a chapter's title
            continue
        if line.start_ms is not None:
            turns.append(_Turn(line.number, line.start_ms, line.end_ms))
        elif not turns:
            turns.append(_Turn(line.number, 0, None))
        speaker, words = _read_words(line, speaker, names, place)
        if words:
            turns[-1].said.append((line.number, speaker, words))
    return turns


def _is_name_line(before: TextLine | None, line: TextLine, after: TextLine | None, place: str) -> bool:
    """Whether a line is nothing but the name of the turn whose time is next to it."""
    if not _is_lone_name(line):
        return False
    if place == "above":
        return after is not None and after.kind == "time"
    if place == "own line":
        return after is not None and after.kind == "stamped"
    return place == "below" and before is not None and before.kind == "time"


def _read_words(line: TextLine, speaker: str | None, names: Names, place: str) -> tuple[str | None, str]:
    """Return who speaks from this line on, and its words."""
    if line.kind in ("head", "named"):
        return line.name, "" if line.kind == "head" else line.words
    if line.kind == "stamped" and place == "beside" and is_name(line.words.rstrip(": ")):
        return bare_name(line.words), ""
    if line.kind == "stamped" and (chat := _CHAT.match(line.words)) is not None:
        return " ".join(chat[1].split()), line.words[chat.end() :].strip()
    name, tab, words = line.words.partition("\t")
    if tab and is_name(name.strip(": ")):
        return name.strip(": "), words.strip()
    found, words = names.split(line.words)
    return found or speaker, words


def _names(lines: Sequence[TextLine], place: str) -> Names:
    """Learn the names before colons; the heads' own names count, too."""
    learned = learn_names(line.words for line in lines if line.kind in ("words", "stamped"))
    heads = {line.name for line in lines if line.name}
    if place in ("above", "below", "own line"):
        heads |= {line.words.rstrip(": ") for line in lines if _is_lone_name(line)}
    named = sum(line.name is not None for line in lines if line.start_ms is not None)
    if named * 2 > sum(line.start_ms is not None for line in lines):  # "ACTION ITEM: …" is said by the head's name
        return Names(frozenset(heads))
    return learned.with_names(heads)


def _from_zero(turns: list[_Turn], repairs: Repairs, *, is_of_day: bool) -> list[_Turn]:
    """Take times of day (10:03:12 AM, 21:57:26) as such: the first turn is then the beginning; midnight is passed."""
    starts = [turn.start_ms for turn in turns if turn.said]
    if not starts:
        return turns
    spread = max(starts) - min(starts)
    passes_midnight = starts[0] > HALF_DAY_MS and starts[-1] < starts[0] - HALF_DAY_MS
    if not is_of_day and not passes_midnight and (starts[0] < 3 * _HOUR_MS or spread >= min(starts)):
        return turns
    repairs.note(Line(turns[0].number), "times_of_day", "the times look like times of day; the first is now 0.")
    zero, day, before = starts[0], 0, starts[0]
    for turn in turns:
        day += 2 * HALF_DAY_MS if turn.start_ms < before - HALF_DAY_MS else 0
        before = turn.start_ms
        turn.start_ms = max(turn.start_ms + day - zero, 0)
        turn.end_ms = None if turn.end_ms is None else max(turn.end_ms + day - zero, 0)
    return turns


def _drafts(turns: Sequence[_Turn]) -> Iterator[Draft]:
    """Yield a draft a line; the lines between two times share the time between them by length."""
    for turn, following in zip(turns, [*turns[1:], None], strict=True):
        if not turn.said:
            continue
        if turn.start_ms > MAX_TIME_MS:
            raise Line(turn.number).error("time", "is after 168 hours")
        words_ms = sum(estimate_time_ms(words) for _, _, words in turn.said)
        end_ms = turn.end_ms if turn.end_ms is not None else following.start_ms if following is not None else 0
        if end_ms <= turn.start_ms:
            end_ms = turn.start_ms + words_ms
        weights = [count_units(words) for _, _, words in turn.said]
        spans = share_time(turn.start_ms, min(end_ms, MAX_TIME_MS), weights)
        for (number, speaker, words), (start_ms, until_ms) in zip(turn.said, spans, strict=True):
            yield Draft(Line(number), words, start_ms, until_ms, speaker)
