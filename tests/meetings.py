"""Real meetings to test with: QMSum where `EARMARK_QMSUM_DIR` names it, else the sample library.

The conversion is the shared tool's: a turn lasts as long as its words at 150 words a minute.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

MS_PER_WORD = 400


@dataclass(frozen=True)
class Meeting:
    """One import file, and whose it is."""

    owner: str
    path: Path


@dataclass(frozen=True)
class MeetingQuestion:
    """A human's question about one meeting (None: about the owner's library)."""

    owner: str
    meeting: str | None
    text: str
    spans_ms: tuple[tuple[int, int], ...] = ()


def series_of(meeting: str) -> str:
    """ES2002 for ES2002a to ES2002d."""
    return meeting[:6] if re.match(r"^(ES|IS|TS)\d{4}", meeting) else re.sub(r"([a-d]|_?\d+)$", "", meeting)


def qmsum_split(split: str) -> Path | None:
    """Return the folder of a split, if the data is here."""
    root = os.environ.get("QMSUM_DIR")  # `conftest.py` names it so
    return Path(root) / split if root and (Path(root) / split).is_dir() else None


def write_meetings(target: Path, *, limit: int = 10_000) -> tuple[list[Meeting], list[MeetingQuestion]]:
    """Write import files into `target`; return them with their questions."""
    source = qmsum_split("val")
    return _sample() if source is None else convert(source, target, limit=limit)


def convert(source: Path, target: Path, *, limit: int = 10_000) -> tuple[list[Meeting], list[MeetingQuestion]]:
    """Convert at most `limit` meetings of a QMSum split."""
    meetings, questions = [], []
    for path in sorted(source.glob("*.json"))[:limit]:
        document = json.loads(path.read_text(encoding="utf-8"))
        segments, times = _segments(document["meeting_transcripts"])
        owner = series_of(path.stem)
        (target / owner).mkdir(parents=True, exist_ok=True)
        file = target / owner / path.name
        file.write_text(json.dumps({"name": path.stem, "language": "en", "segments": segments}), encoding="utf-8")
        meetings.append(Meeting(owner, file))
        for item in document["specific_query_list"]:
            spans = tuple(_span(times, int(first), int(last)) for first, last in item["relevant_text_span"])
            questions.append(MeetingQuestion(owner, path.stem, item["query"], spans))
    return meetings, questions


def _segments(turns: list[dict[str, str]]) -> tuple[list[dict[str, Any]], list[tuple[int, int]]]:
    segments: list[dict[str, Any]] = []
    times, now_ms = [], 0
    for turn in turns:
        text = " ".join(turn["content"].split())
        end_ms = now_ms + MS_PER_WORD * len(text.split())
        if text:
            segments.append({"start": now_ms / 1000, "end": end_ms / 1000, "speaker": turn["speaker"], "text": text})
        times.append((now_ms, end_ms))
        now_ms = end_ms
    return segments, times


def _span(times: list[tuple[int, int]], first: int, last: int) -> tuple[int, int]:
    return times[min(first, len(times) - 1)][0], times[min(last, len(times) - 1)][1]


def _sample() -> tuple[list[Meeting], list[MeetingQuestion]]:
    folder = Path(str(files("earmark") / "sample"))
    meetings = [Meeting(path.parent.name, path) for path in sorted(folder.glob("*/*.json"))]
    asked = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    questions = [MeetingQuestion(one["external_id"], _meeting_of(folder, one), one["question"]) for one in asked]
    return meetings, questions


def _meeting_of(folder: Path, question: dict[str, Any]) -> str | None:
    if not question["answers"]:
        return None
    name: str = json.loads((folder / question["answers"][0]["file"]).read_text(encoding="utf-8"))["name"]
    return name


def by_owner(meetings: list[Meeting]) -> Iterator[tuple[str, list[Path]]]:
    """Yield each owner with its files."""
    owners = dict.fromkeys(meeting.owner for meeting in meetings)
    for owner in owners:
        yield owner, [meeting.path for meeting in meetings if meeting.owner == owner]
