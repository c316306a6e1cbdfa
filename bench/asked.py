"""Questions with the very words that answer them: libraries, gold spans, and evidence as the server finds it.

A gold *place* is a run of characters of one segment; an *alternative* is the places that are all needed; a question
may have several alternatives, any of which satisfies whoever asked (annotators differ). No alternative: nobody says it.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.chats import CHATS, SPLITS, read_calls, read_questions
from bench.retrieval_data import (
    PERSONAL,
    Library,
    Recorded,
    Vectors,
    build_library,
    qmsum_libraries,
    read_native,
)
from earmark.answers.kinds import Asked as AskedFor
from earmark.answers.kinds import read_question
from earmark.answers.naming import chosen_by_name, terms_of_recording
from earmark.answers.windows import CONTEXT_AFTER, CONTEXT_BEFORE
from earmark.ask.evidence import EVIDENCE_LIMIT, WHOLE_RECORDINGS, number_hits, number_whole
from earmark.ask.followups import make_standalone
from earmark.library.types import Segment
from earmark.llm.types import AnswerRequest, Passage, PastTurn
from earmark.retrieval.analysis import terms_of_name
from earmark.retrieval.ranking import Hit, rank
from earmark.retrieval.types import ChunkHit

DATA: Final = Path(__file__).with_name("data")
SAMPLE: Final = Path(__file__).resolve().parent.parent / "src/earmark/sample"
_MS_A_WORD: Final = 400


@dataclass(frozen=True)
class Place:
    """Characters `start` to `end` of a segment; `is_speaker`: who says it is the answer."""

    recording: int
    segment: int
    start: int
    end: int
    is_speaker: bool = False


Alternatives = tuple[tuple[Place, ...], ...]


@dataclass(frozen=True)
class Query:
    """A question of a library. `scope` are the recordings it is asked of, None for all."""

    text: str
    kind: str
    gold: Alternatives
    scope: frozenset[int] | None = None
    history: tuple[PastTurn, ...] = ()
    id: str = ""


@dataclass(frozen=True)
class Source:
    """A library and its questions."""

    set: str
    library: Library
    queries: tuple[Query, ...]


def request_of(source: Source, query: Query, vectors: Vectors) -> AnswerRequest:
    """Find evidence as the server does, with the talk around each moment."""
    request = _found(source.library, query, vectors)
    question = read_question(request.standalone)
    found = whole_transcripts(source.library, query.scope, question) if question.is_about_all else []
    return replace(
        request,
        passages=tuple(number_hits(request.hits, found)),
        whole=frozenset(one.recording_id for one in found),
        asker=terms_of_name(source.library.name, None),
    )


def _found(library: Library, query: Query, vectors: Vectors) -> AnswerRequest:
    """Search as the server does."""
    standalone = make_standalone(query.text, query.history)
    chosen = None if query.scope is None else np.isin(library.recording_of, list(query.scope))
    terms, snapshot = library.snapshot(standalone, vectors.of([library.asked(standalone)])[0], chosen)
    hits = tuple(_to_hit(library, hit) for hit in rank(terms, snapshot, limit=EVIDENCE_LIMIT))
    return AnswerRequest(query.text, standalone, None, query.history, hits, (), is_whole_transcript=False)


def _to_hit(library: Library, hit: Hit) -> ChunkHit:
    recording, first, last = library.places[hit.chunk]
    one, entry = library.recorded[recording], library.entries[recording]
    start = max(0, first - CONTEXT_BEFORE)
    around = tuple(one.segments[start : last + 1 + CONTEXT_AFTER])
    own = around[first - start : last + 1 - start]
    return ChunkHit(
        "", entry.recording_id, "", own, None, _recorded_us(one), one.name, hit.score, hit.parts, first, around, start
    )


def whole_transcripts(library: Library, scope: frozenset[int] | None, question: AskedFor) -> list[Passage]:
    """Return the transcripts that a question about all of a talk is about, as `ask/evidence.py` does."""
    numbers = sorted(range(len(library.recorded)) if scope is None else scope)
    numbers.sort(key=lambda at: -(library.recorded[at].recorded_at_ms or 0))
    recorded = [(library.entries[at].recording_id, library.recorded[at]) for at in numbers]
    called = [terms_of_recording(one.name, _recorded_us(one)) for _, one in recorded]
    chosen, named = chosen_by_name(question.subject, called)
    found: list[Passage] = []
    for recording_id, one in (recorded[at] for at in chosen[:WHOLE_RECORDINGS]):
        found += number_whole(recording_id, one.name, _recorded_us(one), one.segments, len(found) + 1)
    return found if question.subject <= named | question.people_among(found) else []


def _recorded_us(one: Recorded) -> int | None:
    return None if one.recorded_at_ms is None else one.recorded_at_ms * 1_000


def whole(library: Library, recording: int, segment: int) -> Place:
    """Return the place that is all of a segment."""
    return Place(recording, segment, 0, len(library.recorded[recording].segments[segment].text))


def quoted(library: Library, recording: int, segment: int, quote: str) -> Place:
    """Return the place of these words in a segment."""
    text = library.recorded[recording].segments[segment].text
    at = text.find(quote)
    assert at >= 0, (library.name, recording, segment, quote)
    return Place(recording, segment, at, at + len(quote))


def timed(turns: Iterable[tuple[str | None, str]]) -> list[Segment]:
    """Return segments of 400 ms a word."""
    segments: list[Segment] = []
    at_ms = 0
    for speaker, text in turns:
        until_ms = at_ms + _MS_A_WORD * max(1, len(text.split()))
        segments.append(Segment(at_ms, until_ms, text, speaker))
        at_ms = until_ms
    return segments


# ---- dialogues with annotated spans -----------------------------------------------------------------


def friendsqa(path: Path, vectors: Vectors) -> Source:
    """FriendsQA (Apache-2.0): each question asked of its own dialogue; all dialogues are one library."""
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
    """Molweni (Apache-2.0): chat, a tenth unanswerable; dialogues `first` to `last`, counted from 1."""
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


# ---- what was written for this project --------------------------------------------------------------


def friends_written(source: Source) -> list[Query]:
    """The questions of `data/reader` on FriendsQA's development dialogues, most of them without an answer."""
    numbers = {entry.name: number for number, entry in enumerate(source.library.entries)}
    return [
        Query(row["question"], row["kind"], _joint(source.library, numbers[row["dialogue"]], row["gold"]),
              frozenset({numbers[row["dialogue"]]}))
        for path in sorted((DATA / "reader").glob("friendsqa*.jsonl"))
        for row in _rows(path)
    ]  # fmt: skip


def _joint(library: Library, recording: int, gold: Sequence[Sequence[Any]]) -> Alternatives:
    places = tuple(quoted(library, recording, segment, quote) for segment, quote in gold)
    return (places,) if places else ()


def meetings(folder: Path, vectors: Vectors, *, known: bool = True) -> list[Source]:
    """QMSum (MIT): its questions, whose gold is whole turns, often many."""
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
    """Return each turn's segment: turns without words have none of their own."""
    found: list[int] = []
    count = 0
    for turn in json.loads((folder / f"{meeting}.json").read_text("utf-8"))["meeting_transcripts"]:
        found.append(count)
        count += bool(turn["content"].split())
    return found


def meetings_written(folder: Path, sources: Sequence[Source]) -> list[Source]:
    """The questions of `data/reader` on meetings of QMSum's train split, each asked of its meeting."""
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted((DATA / "reader").glob("qmsum_*.jsonl")):
        for row in _rows(path):
            rows[row["meeting"]].append(row)
    found = []
    for source in sources:
        queries = []
        for number, entry in enumerate(source.library.entries):
            places = segment_of_turn(folder, entry.name or "") if entry.name in rows else []
            for row in rows.get(entry.name or "", ()):
                gold = [[places[turn], " ".join(words.split())] for turn, words in row["gold"]]
                queries.append(
                    Query(row["question"], row["kind"], _joint(source.library, number, gold), frozenset({number}))
                )
        if queries:
            found.append(Source("qmsum written", source.library, tuple(queries)))
    return found


def replies(folder: Path, sources: Sequence[Source]) -> list[Source]:
    """What participants of QMSum's val meetings asked one another, and the replies marked in `qmsum_replies.jsonl`."""
    rows: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _rows(DATA / "qmsum_replies.jsonl"):
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
    return Query(question, "reply", _joint(library, number, gold), frozenset({number}), id=row["id"])


def personal(split: str, vectors: Vectors) -> list[Source]:
    """Dated personal recordings: answerable questions and, of kind `unanswerable`, those that nothing answers."""
    rows = [row for name in ("questions", "follow_ups", "unanswerable") for row in _rows(PERSONAL / f"{name}.jsonl")]
    sources = []
    for person in sorted({row["external_id"] for row in rows if row["split"] == split}):
        paths = sorted((PERSONAL / person).glob("*.json"))
        library = build_library(person, [read_native(path) for path in paths], [], vectors)
        numbers = {path.stem: number for number, path in enumerate(paths)}
        queries = []
        for row in rows:
            if row["external_id"] != person:
                continue
            before = row.get("previous") or []
            history = tuple(PastTurn("user", one) for one in ([before] if isinstance(before, str) else before))
            places = tuple(
                whole(library, numbers[one["recording"]], at) for one in row["gold"] for at in one["segments"]
            )
            kind = row["type"] if places else "unanswerable"
            queries.append(Query(row["question"], kind, (places,) if places else (), None, history, row["id"]))
        sources.append(Source("personal", library, tuple(queries)))
    return sources


def chats(split: str, vectors: Vectors) -> list[Source]:
    """Two friends' calls: answerable questions, and those that nothing answers."""
    sources = []
    for name in SPLITS[split]:
        calls = read_calls(CHATS / name / "calls.txt")
        library = build_library(name, list(calls.values()), [], vectors)
        queries = []
        for text, kind, gold, _ in read_questions(CHATS / name / "questions.txt", calls):
            places = tuple(whole(library, number, at) for number, first, last in gold for at in range(first, last + 1))
            queries.append(Query(text, kind if places else "unanswerable", (places,) if places else ()))
        sources.append(Source("chats", library, tuple(queries)))
    return sources


def own_written(sources: Sequence[Source]) -> list[Source]:
    """The questions of `data/reader` on the development people and pairs."""
    rows = [row for path in sorted((DATA / "reader").glob("own*.jsonl")) for row in _rows(path)]
    found = []
    for source in sources:
        name = source.library.name
        slugs = (
            [path.stem for path in sorted((PERSONAL / name).glob("*.json"))]
            if (PERSONAL / name).is_dir()
            else list(read_calls(CHATS / name / "calls.txt"))
        )
        queries = []
        for row in rows:
            if row["library"] == name:
                places = tuple(
                    quoted(source.library, slugs.index(one["recording"]), one["segment"], one["quote"])
                    for one in row["gold"]
                )
                queries.append(Query(row["question"], row["kind"], (places,) if places else ()))
        found.append(Source(f"{source.set} written", source.library, tuple(queries)))
    return found


def sample(vectors: Vectors, split: str) -> list[Source]:
    """The demo's sample library; nobody reads the unseen half while working on answers."""
    sources = []
    rows = [row for row in _rows(DATA / "sample/questions.jsonl") if row["split"] == split]
    for person in sorted({row["external_id"] for row in rows}):
        paths = sorted((SAMPLE / person).glob("*.json"))
        library = build_library(person, [read_native(path) for path in paths], [], vectors)
        slugs = [path.stem for path in paths]
        queries = [
            Query(row["question"], row["kind"], tuple(
                tuple(quoted(library, slugs.index(one["recording"]), one["segment"], one["quote"]) for one in places)
                for places in row["gold"]
            ), id=row["id"])
            for row in rows if row["external_id"] == person
        ]  # fmt: skip
        sources.append(Source(f"sample, {split}", library, tuple(queries)))
    return sources


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def folder_of(setting: str) -> Path | None:
    """Return the folder that an environment variable names, None without it."""
    value = os.environ.get(setting)
    return Path(value) if value else None


class CachedEncoder:
    """The built-in encoder behind the bench's store of vectors, as sentence selection wants it."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shapes: N texts -> [N, dimensions]."""
        return self._vectors.of(texts)
