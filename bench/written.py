"""Question sets written for this project: people, pairs of friends, the sample library, training libraries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.asked import DATA, SAMPLE, Place, Query, Source, quoted, rows_of, whole
from bench.chats import CHATS, SPLITS, read_calls, read_questions, read_talks
from bench.retrieval_data import PERSONAL, Recorded, Vectors, build_library, read_native
from earmark.llm.types import PastTurn


def personal(split: str, vectors: Vectors) -> list[Source]:
    """Load dated personal recordings: answerable questions, and unanswerable ones (kind `unanswerable`)."""
    rows = [row for name in ("questions", "follow_ups", "unanswerable") for row in rows_of(PERSONAL / f"{name}.jsonl")]
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
    """Load two friends' calls: answerable and unanswerable questions."""
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
    """Load the `data/reader` questions on the development people and pairs."""
    rows = [row for path in sorted((DATA / "reader").glob("own*.jsonl")) for row in rows_of(path)]
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
    """Load the demo's sample library; its unseen half is reserved for final measurements."""
    sources = []
    rows = [row for row in rows_of(DATA / "sample/questions.jsonl") if row["split"] == split]
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


def libraries(vectors: Vectors) -> list[Source]:
    """Load the training libraries (`data/reader/libraries`): talks and questions with gold."""
    return [_library(folder, vectors) for folder in sorted((DATA / "reader/libraries").iterdir())]


def _library(folder: Path, vectors: Vectors) -> Source:
    talks = read_talks(folder / "talks.txt")
    whens, recorded = list(talks), list(talks.values())
    rows = [
        (row["question"], row["kind"], [_piece(recorded, whens.index(when), words) for when, words in row["gold"]])
        for row in rows_of(folder / "questions.jsonl")
    ]
    asked = [
        (text, kind, [(one.recording, one.segment, one.segment) for one in places], "")
        for text, kind, places in rows
        if places
    ]
    library = build_library(folder.name, recorded, asked, vectors)
    queries = (Query(text, kind, (tuple(places),) if places else ()) for text, kind, places in rows)
    return Source("libraries", library, tuple(queries))


def _piece(recorded: Sequence[Recorded], number: int, words: str) -> Place:
    """Return the place of these words, which must occur in one turn of a recording."""
    segment, text = next((at, one.text) for at, one in enumerate(recorded[number].segments) if words in one.text)
    start = text.index(words)
    return Place(number, segment, start, start + len(words))
