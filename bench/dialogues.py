"""Question sets on public dialogues and meetings: FriendsQA, Molweni, QMSum, and own questions."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.asked import DATA, Alternatives, Place, Query, Source, joint, rows_of, timed, whole
from bench.retrieval_data import Library, Recorded, Vectors, build_library, qmsum_libraries


def friendsqa(path: Path, vectors: Vectors) -> Source:
    """Load FriendsQA (Apache-2.0): each question is asked of its dialogue; all dialogues are one library."""
    dialogues = [(one["title"], one["paragraphs"][0]) for one in json.loads(path.read_text("utf-8"))["data"]]
    recorded = [
        Recorded(title, timed((", ".join(one["speakers"]), one["utterance"]) for one in content["utterances:"]))
        for title, content in dialogues
    ]
    library = build_library("friendsqa", recorded, [], vectors)
    queries = [
        Query(_tidy(asked["question"]), _kind(asked["question"]), _friends_gold(number, content, asked),
              frozenset({number}), id=asked["id"])
        for number, (_, content) in enumerate(dialogues)
        for asked in content["qas"]
    ]  # fmt: skip
    return Source("friendsqa", library, tuple(queries))


def _friends_gold(number: int, content: dict[str, Any], asked: dict[str, Any]) -> Alternatives:
    found = []
    for answer in asked["answers"]:
        segment = answer["utterance_id"]
        text = content["utterances:"][segment]["utterance"]
        if answer["is_speaker"]:
            found.append((Place(number, segment, 0, len(text), is_speaker=True),))
            continue
        tokens = list(re.finditer(r"\S+", text))
        first, last = answer["inner_start"], min(answer["inner_end"], len(tokens) - 1)
        if 0 <= first <= last:
            found.append((Place(number, segment, tokens[first].start(), tokens[last].end()),))
    return tuple(found)


def molweni(path: Path, vectors: Vectors, first: int, last: int) -> Source:
    """Load Molweni (Apache-2.0): chat, a tenth unanswerable; dialogues `first` to `last`, counted from 1."""
    dialogues = json.loads(path.read_text("utf-8"))["data"]["dialogues"][first - 1 : last]
    recorded = [
        Recorded(f"chat {number}", timed((one["speaker"], one["text"]) for one in dialogue["edus"]))
        for number, dialogue in enumerate(dialogues, first)
    ]
    library = build_library("molweni", recorded, [], vectors)
    queries = [
        Query(_tidy(asked["question"]), "unanswerable" if asked["is_impossible"] else _kind(asked["question"]),
              _molweni_gold(number, dialogue, asked), frozenset({number}))
        for number, dialogue in enumerate(dialogues)
        for asked in dialogue["qas"]
        if asked["is_impossible"] or _molweni_gold(number, dialogue, asked)
    ]  # fmt: skip
    return Source("molweni", library, tuple(queries))


def _molweni_gold(number: int, dialogue: dict[str, Any], asked: dict[str, Any]) -> Alternatives:
    starts, at = [], 0
    for one in dialogue["edus"]:
        at += len(one["speaker"]) + 2
        starts.append(at)
        at += len(one["text"]) + 1
    found = []
    for answer in () if asked["is_impossible"] else asked["answers"]:
        segment = max((number for number, start in enumerate(starts) if start <= answer["answer_start"]), default=None)
        if segment is None:
            continue
        start = answer["answer_start"] - starts[segment]
        end = min(start + len(answer["text"]), len(dialogue["edus"][segment]["text"]))
        if start < end:
            found.append((Place(number, segment, start, end),))
    return tuple(found)


def _tidy(question: str) -> str:
    return re.sub(r"\s+([?.,!'’])", r"\1", question.strip())


def _kind(question: str) -> str:
    found = re.search(r"\b(who|whom|whose|when|where|why|how|what|which)\b", question.lower())
    return found[1] if found else "other"


def friends_written(source: Source) -> list[Query]:
    """Return the `data/reader` questions on FriendsQA's development dialogues, mostly unanswerable."""
    numbers = {entry.name: number for number, entry in enumerate(source.library.entries)}
    return [
        Query(row["question"], row["kind"], joint(source.library, numbers[row["dialogue"]], row["gold"]),
              frozenset({numbers[row["dialogue"]]}))
        for path in sorted((DATA / "reader").glob("friendsqa*.jsonl"))
        for row in rows_of(path)
    ]  # fmt: skip


def meetings(folder: Path, vectors: Vectors, *, known: bool = True) -> list[Source]:
    """Load QMSum (MIT): its gold is whole turns, often many."""
    sources = []
    for library in qmsum_libraries(folder, vectors):
        queries = [
            Query(one.text, one.kind, (tuple(
                whole(library, recording, at) for recording, first, last in one.spans for at in range(first, last + 1)
                if at < len(library.recorded[recording].segments)
            ),), one.recordings if known else None)
            for one in library.questions
        ]  # fmt: skip
        sources.append(Source("qmsum", library, tuple(queries)))
    return sources


def segment_of_turn(folder: Path, meeting: str) -> list[int]:
    """Return each turn's segment; turns without words share the next one's."""
    found: list[int] = []
    count = 0
    for turn in json.loads((folder / f"{meeting}.json").read_text("utf-8"))["meeting_transcripts"]:
        found.append(count)
        count += bool(turn["content"].split())
    return found


def meetings_written(folder: Path, sources: Sequence[Source]) -> list[Source]:
    """Return the `data/reader` questions on meetings of QMSum's train split, each asked of its meeting."""
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted((DATA / "reader").glob("qmsum_*.jsonl")):
        for row in rows_of(path):
            rows[row["meeting"]].append(row)
    found = []
    for source in sources:
        queries = []
        for number, entry in enumerate(source.library.entries):
            places = segment_of_turn(folder, entry.name or "") if entry.name in rows else []
            for row in rows.get(entry.name or "", ()):
                gold = [[places[turn], " ".join(words.split())] for turn, words in row["gold"]]
                queries.append(
                    Query(row["question"], row["kind"], joint(source.library, number, gold), frozenset({number}))
                )
        if queries:
            found.append(Source("qmsum written", source.library, tuple(queries)))
    return found


def replies(folder: Path, sources: Sequence[Source]) -> list[Source]:
    """Return questions that participants of QMSum's val meetings asked, with the replies in `qmsum_replies.jsonl`."""
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(DATA / "qmsum_replies.jsonl"):
        rows[row["meeting"]].append(row)
    found = []
    for source in sources:
        queries = []
        for number, entry in enumerate(source.library.entries):
            for row in rows.get(entry.name or "", ()):
                queries.append(_reply_query(folder, entry.name or "", number, source.library, row))
        if queries:
            found.append(Source("qmsum replies", source.library, tuple(queries)))
    return found


def _reply_query(folder: Path, meeting: str, number: int, library: Library, row: dict[str, Any]) -> Query:
    turns = json.loads((folder / f"{meeting}.json").read_text("utf-8"))["meeting_transcripts"]
    places = segment_of_turn(folder, meeting)
    start, end = row["question"]
    question = " ".join(turns[row["question_turn"]]["content"][start:end].split())
    gold = [[places[turn], " ".join(turns[turn]["content"][a:b].split())] for turn, a, b in row["reply"]]
    return Query(question, "reply", joint(library, number, gold), frozenset({number}), id=row["id"])
