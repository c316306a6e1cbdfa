"""Small files of the shapes that tools write, one a line in shapes.jsonl, with what a person expects of each.

`said`: start in seconds (null: estimated), speaker (several: any of them) and words; words are compared one by one, so
that it doesn't matter how they are cut into segments. `refused`: words of the message.
"""

from __future__ import annotations

import base64
import json
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript
from earmark.transcripts.types import ParsedTranscript

SHAPES = [
    json.loads(line) for line in Path(__file__).with_name("shapes.jsonl").read_text(encoding="utf-8").splitlines()
]
_TOLERANCE_MS = 60


def body_of(shape: dict[str, Any]) -> bytes:
    return base64.b64decode(shape["base64"]) if "base64" in shape else str(shape["text"]).encode()


def check_said(shape: dict[str, Any], parsed: ParsedTranscript) -> None:
    expected = [
        (word, speaker, start if at == 0 else None)
        for start, speaker, text in shape["said"]
        for at, word in enumerate(text.split())
    ]
    found = [(word, one, at == 0) for one in parsed.segments for at, word in enumerate(one.text.split())]
    assert [word for word, *_ in found] == [word for word, *_ in expected]
    for (word, speaker, start), (_, segment, is_first) in zip_longest(expected, found):
        if speaker != "*ANY*":
            assert segment.speaker in (speaker if isinstance(speaker, list) else [speaker]), word
        if start is not None:
            assert is_first, word
            assert abs(segment.start_ms - start * 1_000) <= _TOLERANCE_MS, word


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape["name"])
def test_a_file_of_this_shape_is_read_as_a_person_would(shape: dict[str, Any]) -> None:
    if "refused" in shape:
        with pytest.raises(InvalidError) as refusal:
            parse_transcript(body_of(shape), filename=shape["name"])
        assert all(word.lower() in refusal.value.message.lower() for word in shape["refused"])
        return
    parsed = parse_transcript(body_of(shape), filename=shape["name"])
    check_said(shape, parsed)
    if "title" in shape:
        assert parsed.name == shape["title"]
    if "people" in shape:
        assert (parsed.metadata or {})["participants"] == shape["people"]
    if "date" in shape:
        assert parsed.recorded is not None
        moment = parsed.recorded.moment
        assert shape["date"] == f"{moment:%Y-%m-%d}" if parsed.recorded.is_day else f"{moment:%Y-%m-%d %H:%M}"


def test_the_shapes_are_many_and_each_has_its_own_name() -> None:
    assert len({shape["name"] for shape in SHAPES}) == len(SHAPES) > 350
