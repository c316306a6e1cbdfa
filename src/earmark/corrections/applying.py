"""Applies a correction to segments, without a database. Times never change by it, and no segment comes or goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from earmark.corrections.errors import SegmentUnknownError, SpeakerUnknownError
from earmark.corrections.types import Change, Corrected, Correction, SegmentCorrection
from earmark.transcripts.types import Segment


def apply_correction(segments: Sequence[Segment], correction: Correction) -> Corrected:
    """Return the corrected transcript; what is asked for but is so already is no change.

    Raises: SpeakerUnknownError, SegmentUnknownError.
    """
    _check(segments, correction)
    after = list(segments)
    changes = _rename(after, correction)
    for one in correction.segments:
        before = after[one.index]
        after[one.index] = _corrected(before, one)
        changes += _changes_of(before, after[one.index], one.index)
    ordinals = [at for at, (old, new) in enumerate(zip(segments, after, strict=True)) if old != new]
    return Corrected(after, ordinals, changes)


def _check(segments: Sequence[Segment], correction: Correction) -> None:
    known = {segment.speaker for segment in segments}
    if not correction.speakers.keys() <= known:
        raise SpeakerUnknownError
    for position, one in enumerate(correction.segments):
        if one.index >= len(segments):
            raise SegmentUnknownError(position, len(segments))


def _rename(segments: list[Segment], correction: Correction) -> list[Change]:
    """Rename all speakers at once, so that two can swap their names."""
    counts = Counter(segment.speaker for segment in segments)
    for at, segment in enumerate(segments):
        if segment.speaker is not None and segment.speaker in correction.speakers:
            segments[at] = replace(segment, speaker=correction.speakers[segment.speaker])
    return [
        Change("speaker_renamed", None, counts[old], old, new)
        for old, new in correction.speakers.items() if old != new
    ]  # fmt: skip


def _corrected(segment: Segment, one: SegmentCorrection) -> Segment:
    text = segment.text if one.text is None else one.text
    speaker = one.speaker if one.has_speaker else segment.speaker
    is_unclear = segment.is_unclear if one.is_unclear is None else one.is_unclear
    return replace(segment, text=text, speaker=speaker, is_unclear=is_unclear)


def _changes_of(old: Segment, new: Segment, index: int) -> list[Change]:
    found = []
    if old.text != new.text:
        found.append(Change("segment_text", index, 1, old.text, new.text))
    if old.speaker != new.speaker:
        found.append(Change("segment_speaker", index, 1, old.speaker, new.speaker))
    if old.is_unclear != new.is_unclear:
        found.append(Change("segment_unclear" if new.is_unclear else "segment_clear", index, 1, None, None))
    return found
