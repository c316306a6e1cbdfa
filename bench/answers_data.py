"""What the bench of built-in answers asks: libraries in memory, their questions, and the moments found.

Everything a question meets is the product's own: parsed, cut, analysed, embedded and ranked by the
functions the server runs, only without a database. Vectors are kept under `EARMARK_BENCH_CACHE`.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from earmark.clock import parse_time
from earmark.library.formats import parse_transcript
from earmark.library.types import ParsedTranscript, Segment
from earmark.llm.types import AnswerRequest, Passage
from earmark.retrieval.analysis import analyze_query
from earmark.retrieval.embedders import MiniLMEmbedder
from earmark.retrieval.indexing import PreparedIndex, prepare_index
from earmark.retrieval.snapshot import Library, rank_library
from earmark.retrieval.types import ChunkHit

CACHE = Path(os.environ.get("EARMARK_BENCH_CACHE", "/tmp/w/cache"))
HITS = 12
_MS_PER_WORD = 400

Span = tuple[str, int, int]
"""Recording id, first and last millisecond."""


class CachingEmbedder:
    """The built-in encoder, which reads each text once and for all runs."""

    name = MiniLMEmbedder.name
    dimensions = MiniLMEmbedder.dimensions

    def __init__(self) -> None:
        self._encoder = MiniLMEmbedder(threads=1)
        self._path = CACHE / "answers-vectors.pickle"
        self._known: dict[bytes, Any] = pickle.loads(self._path.read_bytes()) if self._path.exists() else {}
        self._before = len(self._known)

    def embed_passages(self, texts: Sequence[str]) -> Any:
        keys = [hashlib.sha1(text.encode("utf-8", "replace")).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        if missing:
            self._known.update(zip(missing, self._encoder.embed_passages(list(missing.values())), strict=True))
        return np.array([self._known[key] for key in keys], np.float32).reshape(-1, self.dimensions)

    def embed_query(self, text: str) -> Any:
        return self.embed_passages([text])[0]

    def save(self) -> None:
        if len(self._known) > self._before:
            CACHE.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(pickle.dumps(self._known))
            self._before = len(self._known)


@dataclass
class IndexRow:
    recording_no: int
    recording_id: str
    chunk_count: int
    chunk_lengths: bytes
    recorded_us: int | None
    name: str | None
    language: str | None


@dataclass
class BenchRecording:
    id: str
    parsed: ParsedTranscript
    index: PreparedIndex
    row: IndexRow


@dataclass
class BenchLibrary:
    """One end user's recordings."""

    name: str
    recordings: list[BenchRecording] = field(default_factory=list)
    postings: dict[str, list[tuple[str, int, bytes]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, embedder: CachingEmbedder, recording_id: str, parsed: ParsedTranscript) -> None:
        index = prepare_index(embedder, parsed.segments, parsed.language)
        recorded_us = None if parsed.recorded_at is None else int(parsed.recorded_at.timestamp() * 1_000_000)
        number = len(self.recordings) + 1
        row = IndexRow(
            number, recording_id, len(index.chunks), index.chunk_lengths, recorded_us, parsed.name, parsed.language
        )
        self.recordings.append(BenchRecording(recording_id, parsed, index, row))
        for term, packed in index.postings.items():
            self.postings[term].append((term, number, packed))

    def find(self, embedder: CachingEmbedder, question: str, only: str | None = None) -> list[ChunkHit]:
        """Search as the server does; `only` is one recording's id."""
        query = analyze_query(question, {one.row.language for one in self.recordings})
        chosen = [only is None or one.id == only for one in self.recordings]
        postings = [row for term in sorted(query.terms) for row in self.postings.get(term, ())]
        vectors = {
            one.row.recording_no: one.index.vectors for one, is_in in zip(self.recordings, chosen, strict=True) if is_in
        }
        library = Library([one.row for one in self.recordings], chosen, postings, vectors, None)
        return [self._to_hit(library, hit) for hit in rank_library(embedder, query, library, HITS)]

    def _to_hit(self, library: Library, hit: Any) -> ChunkHit:
        index, ordinal = library.locate(hit.chunk)
        one = self.recordings[index]
        chunk = one.index.chunks[ordinal]
        return ChunkHit(
            f"chk_{index}_{ordinal}", one.id, one.id, tuple(one.parsed.segments[chunk.first : chunk.last + 1]),
            chunk.speaker, one.row.recorded_us, one.row.name, hit.score, hit.parts,
        )  # fmt: skip

    def request(self, embedder: CachingEmbedder, question: str, only: str | None = None) -> AnswerRequest:
        hits = self.find(embedder, question, only)
        if only is None:
            return AnswerRequest(question, question, None, (), hits, list(_number_hits(hits)), False)
        recording = next(one for one in self.recordings if one.id == only)
        passages = [_passage(number, recording, seg) for number, seg in enumerate(recording.parsed.segments, 1)]
        return AnswerRequest(question, question, None, (), hits, passages, True)


def _passage(number: int, recording: BenchRecording, segment: Segment) -> Passage:
    row = recording.row
    return Passage(
        number, recording.id, row.name, row.recorded_us, segment.start_ms, segment.end_ms, segment.speaker, segment.text
    )


def _number_hits(hits: Iterable[ChunkHit]) -> Iterator[Passage]:
    seen: set[tuple[str, int, str]] = set()
    for hit in hits:
        for segment in hit.segments:
            key = (hit.recording_id, segment.start_ms, segment.text)
            if key not in seen:
                seen.add(key)
                yield Passage(
                    len(seen), hit.recording_id, hit.recording_name, hit.recorded_us, segment.start_ms,
                    segment.end_ms, segment.speaker, segment.text,
                )  # fmt: skip


@dataclass(frozen=True)
class BenchQuestion:
    """A question to a library (or to one recording of it); `gold` is empty when nothing answers it."""

    group: str
    library: str
    text: str
    gold: tuple[Span, ...]
    only: str | None = None
    reference: str | None = None
    split: str = ""
    kind: str = ""


# ---- QMSum -------------------------------------------------------------------------------------------


def series_of(meeting: str) -> str:
    return meeting[:6] if re.match(r"(ES|IS|TS)\d{4}", meeting) else re.sub(r"([a-d]|_?\d+)$", "", meeting)


def load_qmsum(
    embedder: CachingEmbedder, folder: Path, split: str, meetings: int
) -> tuple[dict[str, BenchLibrary], list[BenchQuestion]]:
    """Take whole series, spread over the corpus, until about `meetings` of them are in."""
    by_series: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted((folder / split).glob("*.json")):
        by_series[series_of(path.stem)].append(path)
    order = sorted(by_series, key=lambda name: hashlib.sha1(name.encode()).digest())
    libraries: dict[str, BenchLibrary] = {}
    questions: list[BenchQuestion] = []
    for name in order:
        if sum(len(library.recordings) for library in libraries.values()) >= meetings:
            break
        libraries[name] = BenchLibrary(name)
        for path in by_series[name][:6]:
            questions.extend(_load_meeting(embedder, libraries[name], path, split))
    embedder.save()
    return libraries, questions


def _load_meeting(embedder: CachingEmbedder, library: BenchLibrary, path: Path, split: str) -> Iterator[BenchQuestion]:
    meeting = json.loads(path.read_text(encoding="utf-8"))
    times, segments, now = [], [], 0
    for turn in meeting["meeting_transcripts"]:
        text = " ".join(turn["content"].split())
        end = now + _MS_PER_WORD * len(text.split())
        times.append((now, end))
        if text:
            segments.append({"start": now / 1000, "end": end / 1000, "speaker": turn["speaker"], "text": text})
        now = end
    native = json.dumps({"name": path.stem, "language": "en", "segments": segments}).encode()
    library.add(embedder, path.stem, parse_transcript(native, media_type="application/json"))
    for item in meeting["specific_query_list"]:
        spans = [(int(lo), min(int(hi), len(times) - 1)) for lo, hi in item["relevant_text_span"]]
        gold = tuple((path.stem, times[lo][0], times[hi][1]) for lo, hi in spans if lo <= hi)
        if gold:
            yield BenchQuestion("qmsum", library.name, item["query"], gold, path.stem, item["answer"], split)


def unanswerable(questions: Sequence[BenchQuestion], libraries: dict[str, BenchLibrary]) -> list[BenchQuestion]:
    """Ask each question in the library of the series half-way round: nobody there spoke of it, but for chance."""
    names = list(libraries)
    away = {name: names[(place + len(names) // 2) % len(names)] for place, name in enumerate(names)}
    return [
        BenchQuestion("crossed", away[one.library], one.text, (), None, None, one.split)
        for one in questions
        if away[one.library][:2] != one.library[:2]
    ]


__all__ = ["BenchLibrary", "BenchQuestion", "CachingEmbedder", "load_qmsum", "parse_time", "unanswerable"]
