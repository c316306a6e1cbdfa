"""Measures whether search finds the right moment.

    EARMARK_QMSUM_DIR=… python -m bench.retrieval [--holdout]

Uses QMSum's val split (nothing was trained on it), the personal questions and the chats of two friends: the dev
people, on whom `scripts/train_ranker.py` trains, and with `--holdout` the others. Everything is ranked in memory
by the server's own functions; BM25 alone, reciprocal rank fusion and min-max fusion use the same chunks, terms
and vectors, with the question encoded as asked. Intervals are 95 % bootstrap intervals over questions.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.chats import chat_libraries
from bench.results import write_section
from bench.retrieval_data import Library, Question, Vectors, personal_libraries, qmsum_libraries
from earmark.retrieval.index.analysis import QueryTerms
from earmark.retrieval.ranking.combining import rank
from earmark.retrieval.ranking.features import Snapshot, describe

Floats = NDArray[np.float64]
Order = NDArray[np.intp]
BUDGET_CHARS = 2_000
METRICS = ("Hit@1", "NDCG@5", "MRR", "R@1", "R@3", "R@8", "R@20", "R@8≤2k", "share@8", "P@8", "chars")
RESAMPLES = 2_000


def by_bm25(query: QueryTerms, snapshot: Snapshot) -> Floats:
    """Return BM25 of the chunk alone."""
    return describe(query, snapshot).chunks["words"]


def by_ranks(query: QueryTerms, snapshot: Snapshot) -> Floats:
    """Return reciprocal rank fusion of BM25 and cosine, k = 60 (Cormack et al., SIGIR 2009)."""
    described = describe(query, snapshot).by_chunk()
    places = [np.argsort(np.argsort(-described[name], kind="stable")) + 1 for name in ("words", "meaning")]
    return np.asarray(sum(1 / (60 + place) for place in places), np.float64)


def by_min_max(query: QueryTerms, snapshot: Snapshot) -> Floats:
    """Return min-max (BM25 + 0.8 BM25 of the recording) + 0.8 min-max cosine: a baseline."""
    described = describe(query, snapshot).by_chunk()
    return _unit(described["words"] + 0.8 * described["recording_words"]) + 0.8 * _unit(described["meaning"])


def _unit(values: Floats) -> Floats:
    span = float(np.ptp(values)) if len(values) else 0.0
    return (values - values.min()) / span if span else np.zeros_like(values)


def by_earmark(query: QueryTerms, snapshot: Snapshot) -> Floats:
    """Return the server's scores."""
    hits = rank(query, snapshot, limit=sum(entry.chunk_count for entry in snapshot.recordings))
    scores = np.full(sum(entry.chunk_count for entry in snapshot.recordings), -1.0)
    scores[[hit.chunk for hit in hits]] = [hit.score for hit in hits]
    return scores


METHODS: Mapping[str, Callable[[QueryTerms, Snapshot], Floats]] = {
    "BM25": by_bm25,
    "rank fusion": by_ranks,
    "min-max fusion": by_min_max,
    "earmark": by_earmark,
}


def measure(libraries: Sequence[Library], vectors: Vectors, *, is_recording_known: bool) -> dict[str, Floats]:
    """Measure every method. Shapes: method -> [questions, metrics]."""
    rows: dict[str, list[list[float]]] = {name: [] for name in METHODS}
    for library in libraries:
        texts = [question.text for question in library.questions]
        for question, plain, put in zip(
            library.questions, vectors.of(texts), vectors.of([library.asked(text) for text in texts]), strict=True
        ):
            scope = np.isin(library.recording_of, list(question.recordings)) if is_recording_known else None
            as_asked, as_put = (library.snapshot(question.text, vector) for vector in (plain, put))
            for name, method in METHODS.items():
                scores = method(*(as_put if method is by_earmark else as_asked))
                order = np.argsort(-scores, kind="stable")
                rows[name].append(judge(library, question, order if scope is None else order[scope[order]]))
    return {name: np.array(found) for name, found in rows.items()}


def judge(library: Library, question: Question, order: Order) -> list[float]:
    """Return one question's metrics, in the order of `METRICS`.

    Recordings rank by their best chunk. A moment is found if a chunk overlaps it; `share` is the share of a moment's
    chunks in the top eight, so that long chunks don't win by overlap alone.
    """
    recordings = list(dict.fromkeys(library.recording_of[order].tolist()))
    right = np.array([number in question.recordings for number in recordings], float)
    discounts = 1 / np.log2(np.arange(2, 7))
    ideal = discounts[: len(question.recordings)].sum()
    gold = np.logical_or.reduce(question.moments)

    def recall(top: Order) -> float:
        return float(np.mean([moment[top].any() for moment in question.moments]))

    sizes = np.cumsum(library.sizes_chars[order[:8]])
    affordable = order[: max(1, int((sizes <= BUDGET_CHARS).sum()))]
    return [
        right[0],
        float((right[:5] * discounts[: len(right[:5])]).sum() / ideal),
        float(1 / (1 + right.argmax())),
        *(recall(order[:depth]) for depth in (1, 3, 8, 20)),
        recall(affordable),
        float(np.mean([moment[order[:8]].sum() / min(8, moment.sum()) for moment in question.moments])),
        float(gold[order[:8]].mean()),
        float(library.sizes_chars[affordable].sum()),
    ]


def interval(values: Floats) -> str:
    """Render a mean with its 95 % bootstrap interval."""
    draws = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(1), [2.5, 97.5])
    return f"{values.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def table(measured: Mapping[str, Floats], *, is_recording_known: bool) -> str:
    """Render one row per method, and earmark's paired difference to BM25 and to rank fusion."""
    shown = [at for at in range(len(METRICS)) if at > 2 or not is_recording_known]
    lines = ["| ranking | " + " | ".join(METRICS[at] for at in shown) + " |", "|" + "---|" * (len(shown) + 1)]
    for name, values in measured.items():
        cells = [
            f"{values[:, at].mean():.0f}" if METRICS[at] == "chars" else f"{values[:, at].mean():.3f}" for at in shown
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines.append("")
    for name in ("BM25", "rank fusion", "min-max fusion"):
        gains = [
            f"{METRICS[at]} {interval(measured['earmark'][:, at] - measured[name][:, at])}"
            for at in shown
            if METRICS[at] in ("Hit@1", "NDCG@5", "R@8", "R@8≤2k", "P@8")
        ]
        lines.append(f"- earmark minus {name}: {'; '.join(gains)}")
    return "\n".join(lines)


def kinds(libraries: Sequence[Library], measured: Floats) -> str:
    """Render earmark's results by type of question."""
    of = np.array([question.kind for library in libraries for question in library.questions])
    lines = ["| type of question | questions | Hit@1 | R@8 | R@8≤2k | P@8 |", "|---|---|---|---|---|---|"]
    for kind in sorted(set(of), key=lambda one: (-int((of == one).sum()), one)):
        mean = measured[of == kind].mean(0)
        cells = " | ".join(f"{mean[METRICS.index(name)]:.3f}" for name in ("Hit@1", "R@8", "R@8≤2k", "P@8"))
        lines.append(f"| {kind} | {int((of == kind).sum())} | {cells} |")
    return "\n".join(lines)


def main() -> None:
    vectors = Vectors(threads=int(os.environ.get("EARMARK_EMBEDDING_THREADS", "1")))
    sets: dict[str, list[Library]] = {}
    if folder := os.environ.get("EARMARK_QMSUM_DIR"):
        sets["QMSum val (never learned from)"] = qmsum_libraries(Path(folder) / "val", vectors)
    splits = {"dev": "learned from", "holdout": "never learned from"}
    for split in splits if "--holdout" in sys.argv else ("dev",):
        sets[f"personal, {split} people ({splits[split]})"] = personal_libraries(split, vectors)
        sets[f"chats, {split} people ({splits[split]})"] = chat_libraries(split, vectors)
    parts = []
    for name, libraries in sets.items():
        count = sum(len(library.questions) for library in libraries)
        for is_known in (False, True):
            measured = measure(libraries, vectors, is_recording_known=is_known)
            scope = "the recording is known" if is_known else "the whole library"
            parts.append(f"### {name}: {count} questions, {scope}\n\n{table(measured, is_recording_known=is_known)}")
            if not is_known:
                parts.append(kinds(libraries, measured["earmark"]))
    vectors.save()
    write_section("Retrieval", f"python -m bench.retrieval {' '.join(sys.argv[1:])}".strip(), "\n\n".join(parts))


if __name__ == "__main__":
    main()
