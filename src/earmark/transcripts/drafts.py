"""What a reader found, before its times are checked: repaired by rule, or left out with a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from earmark.transcripts.limits import MAX_HOURS, MAX_SPEAKER_UNITS, MAX_TIME_MS, Place, is_longer
from earmark.transcripts.normalise import build_segments, clean_text, flatten
from earmark.transcripts.repairs import Repairs
from earmark.transcripts.timing import estimate_time_ms
from earmark.transcripts.types import Segment

_ALMOST_ZERO_MS: Final = 1_000


@dataclass(slots=True)
class Draft:
    """An utterance as the file has it; times it doesn't say are None."""

    place: Place
    text: str
    start_ms: int | None
    end_ms: int | None
    speaker: str | None = None
    confidence: float | None = None


def settle(
    drafts: Iterable[Draft], repairs: Repairs, *, join: Callable[[Iterable[Segment]], Iterable[Segment]] = iter
) -> tuple[Segment, ...]:
    """Return the segments of a file; see `Repairs` for what is said about those that weren't sound.

    A missing start is the end before it; a missing end the next start, at most as long as the words take to say;
    an end before its start becomes 1 ms after it.

    Args:
        join: makes utterances of words, in the file's order.

    Raises: InvalidError if too much had to be left out, or no words are left.
    """
    found = []
    for draft in drafts:
        draft.text = clean_text(draft.text)
        if draft.text:
            found.append(draft)
    segments = list(_fit(found, repairs))
    repairs.check(len(segments))
    return build_segments(join(segments))


def _fit(drafts: list[Draft], repairs: Repairs) -> Iterator[Segment]:
    before_ms = 0
    names: dict[str, str] = {}
    has_ends = any(draft.end_ms is not None for draft in drafts)  # a file of starts alone needs no repair
    for position, draft in enumerate(drafts):
        start_ms = _start(draft, before_ms, repairs)
        if start_ms is None:
            continue
        following = drafts[position + 1].start_ms if position + 1 < len(drafts) else None
        end_ms = _end(draft, start_ms, following, repairs, is_noted=has_ends)
        before_ms = end_ms
        yield Segment(start_ms, end_ms, draft.text, _speaker(draft, names, repairs), draft.confidence)


def _start(draft: Draft, before_ms: int, repairs: Repairs) -> int | None:
    start_ms = draft.start_ms
    if start_ms is None:
        repairs.note(draft.place, "start_missing", "it has no start; the end of the one before was taken.")
        return before_ms if draft.end_ms is None else min(before_ms, max(draft.end_ms, 0))
    if start_ms > MAX_TIME_MS:
        repairs.leave_out(draft.place, "too_late", f"it starts after {MAX_HOURS} hours")
        return None
    if start_ms >= 0:
        return start_ms
    if start_ms < -_ALMOST_ZERO_MS:
        repairs.leave_out(draft.place, "negative_time", "it starts before 0")
        return None
    repairs.note(draft.place, "negative_time", "it starts before 0; 0 was taken.")
    return 0


def _end(draft: Draft, start_ms: int, following_ms: int | None, repairs: Repairs, *, is_noted: bool) -> int:
    end_ms = draft.end_ms
    if end_ms is None:
        if is_noted:
            message = "it has no end; the next start was taken, or how long the words take."
            repairs.note(draft.place, "end_missing", message)
        end_ms = start_ms + estimate_time_ms(draft.text)
        if following_ms is not None and following_ms > start_ms:
            end_ms = min(end_ms, following_ms)
    elif end_ms < start_ms:
        repairs.note(draft.place, "ends_before_start", "it ends before it starts; it now lasts 1 ms.")
        end_ms = start_ms + 1
    if end_ms > MAX_TIME_MS:
        repairs.note(draft.place, "too_late", f"it ends after {MAX_HOURS} hours; it was cut there.")
        end_ms = max(MAX_TIME_MS, start_ms)
    return end_ms


def _speaker(draft: Draft, names: dict[str, str], repairs: Repairs) -> str | None:
    """Return a draft's speaker; `names` are those there were, as cleaning each anew takes a tenth of all the time."""
    if draft.speaker is None:
        return None
    name = names.get(draft.speaker)
    if name is None:
        name = names[draft.speaker] = flatten(draft.speaker)
    if is_longer(name, MAX_SPEAKER_UNITS):
        repairs.note(draft.place, "speaker_cut", f"its speaker has over {MAX_SPEAKER_UNITS} characters and was cut.")
        name = name[: MAX_SPEAKER_UNITS // 2].rstrip()
    return name or None
