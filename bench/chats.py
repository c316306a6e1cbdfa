"""Loads two friends' calls over half a year, and later questions about them (`bench/data/chats`)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.retrieval_data import Asked, Library, Recorded, Vectors, build_library
from earmark.clock import parse_time
from earmark.transcripts.types import Segment

CHATS: Final = Path(__file__).with_name("data") / "chats"
SPLITS: Final[Mapping[str, tuple[str, ...]]] = {
    "dev": ("keziah", "marisol", "priyanka", "tamsin"),
    "holdout": ("annika", "bex"),
}
_MS_A_WORD: Final = 400
_HEAD: Final = re.compile(r"## (\d{4}-\d{2}-\d{2}) (\d{2}:\d{2})(?: \| (.+))?")


def chat_libraries(split: str, vectors: Vectors) -> list[Library]:
    """Return one library per pair of friends, with the answerable questions."""
    libraries = []
    for name in SPLITS[split]:
        calls = read_calls(CHATS / name / "calls.txt")
        asked = [one for one in read_questions(CHATS / name / "questions.txt", calls) if one[2]]
        libraries.append(build_library(name, list(calls.values()), asked, vectors))
    return libraries


def read_calls(path: Path) -> dict[str, Recorded]:
    """Read calls by day."""
    return {when.split()[0]: one for when, one in read_talks(path).items()}


def read_talks(path: Path) -> dict[str, Recorded]:
    """Read talks by day and time, at 400 ms a word; their titles are uninformative."""
    talks: dict[str, Recorded] = {}
    for part in re.split(r"(?m)^(?=## )", path.read_text("utf-8"))[1:]:
        head, *turns = part.strip().splitlines()
        found = _HEAD.fullmatch(head)
        assert found is not None, head
        moment = parse_time(f"{found[1]}T{found[2]}:00Z") // 1_000
        talks[f"{found[1]} {found[2]}"] = Recorded(found[3] or f"Call {len(talks) + 1}", _segments(turns), moment)
    return talks


def _segments(turns: Sequence[str]) -> list[Segment]:
    segments: list[Segment] = []
    at_ms = 0
    for turn in filter(None, turns):
        speaker, text = turn.split(": ", 1)
        until_ms = at_ms + _MS_A_WORD * len(text.split())
        segments.append(Segment(at_ms, until_ms, text, speaker))
        at_ms = until_ms
    return segments


def read_questions(path: Path, calls: Mapping[str, Recorded]) -> list[Asked]:
    """Read questions with their gold turns, identified by a quotation; none if unanswerable."""
    days = list(calls)
    asked: list[Asked] = []
    for block in re.split(r"\n\s*\n", path.read_text("utf-8").strip()):
        fields: defaultdict[str, list[str]] = defaultdict(list)
        for line in block.splitlines():
            key, _, value = line.partition(":")
            fields[key].append(value.strip())
        gold = []
        for place in fields["gold"]:
            day, _, piece = (part.strip() for part in place.partition("|"))
            holders = [at for at, one in enumerate(calls[day].segments) if piece.lower() in one.text.lower()]
            assert len(holders) == 1, place
            gold.append((days.index(day), holders[0], holders[0]))
        asked.append((fields["q"][0], fields["type"][0], gold, ""))
    return asked
