"""Loads in-memory libraries, questions and gold moments for the retrieval bench and training.

Chunked, analysed, quantised and described by the server's functions, without a database. Vectors are cached under
`EARMARK_BENCH_CACHE`, so that a second run takes seconds.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earmark.clock import parse_time
from earmark.retrieval.embedding.embedders import MiniLMEmbedder
from earmark.retrieval.index.analysis import QueryTerms, analyze_query
from earmark.retrieval.index.chunking import chunk_segments
from earmark.retrieval.index.documents import index_terms
from earmark.retrieval.index.postings import TermPostings, unpack_postings
from earmark.retrieval.index.quantize import cosines, quantize
from earmark.retrieval.index.spans import encoded_texts, nearest
from earmark.retrieval.ranking.combining import RecordingEntry, Snapshot
from earmark.retrieval.ranking.phrasing import address
from earmark.transcripts.types import Segment

CACHE = Path(os.environ.get("EARMARK_BENCH_CACHE") or Path(tempfile.gettempdir()) / "earmark-bench")
PERSONAL = Path(__file__).with_name("data") / "personal"
_SERIES = re.compile(r"^(?:ES|IS|TS)\d{4}|^.*?(?=[a-d]$|_?\d+$)")


@dataclass(frozen=True)
class Question:
    """A question, the recordings that answer it, and its gold moments (a chunk mask for each)."""

    text: str
    kind: str
    recordings: frozenset[int]
    moments: tuple[NDArray[np.bool_], ...]
    spans: tuple[tuple[int, int, int], ...] = ()
    """Gold as segments: (recording, first, last)."""
    answer: str = ""
    """A person's written answer, if the set has one."""


@dataclass(frozen=True)
class Library:
    """One end user: the data for `Snapshot`, for all terms, and the questions."""

    name: str
    entries: tuple[RecordingEntry, ...]
    postings: dict[str, TermPostings]
    vectors: NDArray[np.int8]
    sizes_chars: NDArray[np.int64]
    questions: tuple[Question, ...]
    recorded: tuple[Recorded, ...] = ()
    places: tuple[tuple[int, int, int], ...] = ()
    """Per chunk: (recording, first segment, last segment)."""
    vector_counts: tuple[NDArray[np.uint32], ...] = ()
    """Per recording: the number of vectors of each chunk."""

    @cached_property
    def first_vectors(self) -> NDArray[np.int64]:
        """The start of each recording's vectors, except the first's."""
        return np.cumsum([int(counts.sum()) for counts in self.vector_counts[:-1]], dtype=np.int64)

    @property
    def recording_of(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.entries)), [entry.chunk_count for entry in self.entries])

    def asked(self, text: str) -> str:
        """Return the text that the server would embed for a question."""
        languages = {entry.language for entry in self.entries}
        return address(analyze_query(text, languages), self.postings, languages)

    def snapshot(self, text: str, vector: NDArray[np.float32], scope: Any = None) -> tuple[QueryTerms, Snapshot]:
        """Return the arguments that the server would pass to `rank`."""
        query = analyze_query(text, {entry.language for entry in self.entries})
        postings = {term: self.postings[term] for term in query.terms if term in self.postings}
        known = cosines(self.vectors, quantize(vector))
        parts = np.split(known, self.first_vectors)
        near = [nearest(part, counts) for part, counts in zip(parts, self.vector_counts, strict=True)]
        return query, Snapshot(self.entries, postings, np.concatenate(near) if near else known, scope)


@dataclass(frozen=True)
class Recorded:
    """A recording before indexing."""

    name: str
    segments: list[Segment]
    recorded_at_ms: int | None = None


Asked = tuple[str, str, list[tuple[int, int, int]], str]
"""Question, kind, gold: (recording, first segment, last segment), and a person's answer or ""."""


class Vectors:
    """The built-in encoder with a persistent cache of vectors."""

    def __init__(self, threads: int = 1) -> None:
        self._encoder = MiniLMEmbedder(threads=threads)
        self._path = CACHE / "bench_vectors.pkl"
        self._known: dict[str, Any] = pickle.loads(self._path.read_bytes()) if self._path.exists() else {}

    def of(self, texts: Sequence[str]) -> NDArray[np.float32]:
        keys = [hashlib.sha1(text.encode()).hexdigest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if missing:
            fresh = self._encoder.embed_passages(list(missing.values())).astype(np.float16)
            self._known.update(zip(missing, fresh, strict=True))
        return np.array([self._known[key] for key in keys], np.float32).reshape(-1, 384)

    def save(self) -> None:
        CACHE.mkdir(parents=True, exist_ok=True)
        self._path.write_bytes(pickle.dumps(self._known))


def build_library(name: str, recorded: Sequence[Recorded], asked: Iterable[Asked], vectors: Vectors) -> Library:
    entries: list[RecordingEntry] = []
    blobs: defaultdict[str, list[tuple[bytes, int]]] = defaultdict(list)
    texts: list[str] = []
    counts: list[NDArray[np.uint32]] = []
    sizes: list[int] = []
    places: list[tuple[int, int, int]] = []
    for number, one in enumerate(recorded):
        chunks = chunk_segments(one.segments)
        terms = index_terms(one.segments, chunks, "en")
        for term, blob in terms.postings.items():
            blobs[term].append((blob, len(places)))
        read, of_each = encoded_texts(one.segments, chunks)
        texts += read
        counts.append(np.array(of_each, np.uint32))
        sizes += [len(chunk.text(one.segments)) for chunk in chunks]
        places += [(number, chunk.first, chunk.last) for chunk in chunks]
        lengths = np.array(terms.lengths, np.uint32)
        entries.append(RecordingEntry(one.name, len(chunks), lengths, one.recorded_at_ms, one.name, "en"))
    postings = {term: unpack_postings(*zip(*pairs, strict=True)) for term, pairs in blobs.items()}
    where = np.array(places)
    questions = tuple(_question(one, where) for one in asked)
    sizes_chars = np.array(sizes, np.int64)
    return Library(
        name, tuple(entries), postings, quantize(vectors.of(texts)), sizes_chars, questions, tuple(recorded),
        tuple(places), tuple(counts),
    )  # fmt: skip


def _question(asked: Asked, where: NDArray[np.int64]) -> Question:
    text, kind, gold, answer = asked
    moments = tuple(
        (where[:, 0] == recording) & (where[:, 2] >= first) & (where[:, 1] <= last) for recording, first, last in gold
    )
    return Question(text, kind, frozenset(recording for recording, _, _ in gold), moments, tuple(gold), answer)


def personal_libraries(split: str, vectors: Vectors) -> list[Library]:
    """Load the dated personal questions; a follow-up includes the question before it."""
    rows = [json.loads(line) for line in (PERSONAL / "questions.jsonl").read_text("utf-8").splitlines()]
    libraries = []
    for person in sorted({row["external_id"] for row in rows if row["split"] == split}):
        paths = sorted((PERSONAL / person).glob("*.json"))
        numbers = {path.stem: number for number, path in enumerate(paths)}
        asked: list[Asked] = [
            (
                f"{row['previous']} {row['question']}" if row.get("previous") else row["question"],
                row["type"],
                [(numbers[one["recording"]], at, at) for one in row["gold"] for at in one["segments"]],
                "",
            )
            for row in rows
            if row["external_id"] == person and row["gold"]
        ]
        libraries.append(build_library(person, [read_native(path) for path in paths], asked, vectors))
    return libraries


def read_native(path: Path) -> Recorded:
    content = json.loads(path.read_text("utf-8"))
    segments = [
        Segment(int(one["start"] * 1000), int(one["end"] * 1000), one["text"], one.get("speaker"))
        for one in content["segments"]
    ]
    return Recorded(content["name"], segments, parse_time(content["recorded_at"]) // 1000)


def qmsum_libraries(folder: Path, vectors: Vectors) -> list[Library]:
    """Load QMSum: the meetings of a series are one end user's recordings."""
    series: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted(folder.glob("*.json")):
        found = _SERIES.match(path.stem)
        series[found.group() if found else path.stem].append(path)
    return [_qmsum_library(name, paths, vectors) for name, paths in sorted(series.items())]


def _qmsum_library(name: str, paths: Sequence[Path], vectors: Vectors) -> Library:
    recorded: list[Recorded] = []
    asked: list[Asked] = []
    for number, path in enumerate(paths):
        content = json.loads(path.read_text("utf-8"))
        segments: list[Segment] = []
        places: list[int] = []  # turn -> segment; turns without words have none
        for turn in content["meeting_transcripts"]:
            places.append(len(segments))
            text = " ".join(turn["content"].split())
            if text:
                segments.append(Segment(1_000 * len(segments), 1_000 * len(segments) + 999, text, turn["speaker"]))
        recorded.append(Recorded(path.stem, segments))
        for item in content["specific_query_list"]:
            spans = [(int(first), min(int(last), len(places) - 1)) for first, last in item["relevant_text_span"]]
            gold = [(number, places[first], places[last]) for first, last in spans if first <= last]
            if gold:
                asked.append((item["query"], _kind_of(item["query"]), gold, item["answer"]))
    return build_library(name, recorded, asked, vectors)


def _kind_of(question: str) -> str:
    lowered = question.lower()
    for kind, pattern in (
        ("summarise", r"^summari[sz]e"),
        ("why", r"\bwhy\b|reason"),
        ("think / opinion", r"\bthink|opinion|attitude|\bfeel"),
        ("said by X", r"\b(?:say|said|mention|talk|recommend|propose|suggest|introduc|present)"),
        ("discussed", r"\bdiscuss"),
        ("how / number", r"^how\b"),
    ):
        if re.search(pattern, lowered):
            return kind
    return "other"
