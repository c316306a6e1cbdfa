"""Measures the floor of search: how many questions it would lose, and how much nonsense it rejects.

    EARMARK_QMSUM_DIR=… python -m bench.floor [--holdout]

The questions are those of `bench.retrieval`. Nonsense is made of no words; foreign queries are about nothing that the
libraries speak of, though some share a word with them, which is then found.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.chats import chat_libraries
from bench.results import table, write_section
from bench.retrieval_data import Library, Vectors, personal_libraries, qmsum_libraries
from earmark.retrieval.ranking.combining import FLOOR, rank

NONSENSE = (
    "zzzzqq", "asdfghjkl", "qwxzv plorf", "blorptang", "xkcdqjv", "lorem ipsum dolor", "fnord", "hjkl", "qqqq zzzz wwww",
    "aaaaaaa", "zxcvbnm", "wibble", "0x7f3a9c", "jfkdls", "snorglewump", "!!!", "12345678901",
)  # fmt: skip
FOREIGN = (
    "photosynthesis in chloroplasts", "best recipe for beef wellington", "quantum chromodynamics lattice",
    "how do penguins mate in antarctica", "Byzantine emperor Justinian", "volcanic eruption of Krakatoa",
    "offside rule in football", "differential equations boundary conditions", "Taylor Swift concert tickets",
    "kubernetes ingress controller",
)  # fmt: skip


def row(name: str, libraries: Sequence[Library], vectors: Vectors, texts: Sequence[str] | None) -> list[str]:
    """Return how many queries have hits, and the least and greatest best scores."""
    scores, found = [], 0
    for library in libraries:
        asked = [question.text for question in library.questions] if texts is None else list(texts)
        for text, vector in zip(asked, vectors.of([library.asked(one) for one in asked]), strict=True):
            query, snapshot = library.snapshot(text, vector)
            hits = rank(query, snapshot, limit=1)
            scores.append(hits[0].score if hits else 0.0)
            found += bool(rank(query, snapshot, limit=1, floor=FLOOR))
    low, high = np.min(scores), np.max(scores)
    return [name, str(len(scores)), str(found), f"{low:.3f}", f"{high:.3f}"]


def main() -> None:
    vectors = Vectors(threads=int(os.environ.get("EARMARK_EMBEDDING_THREADS", "1")))
    sets: dict[str, list[Library]] = {}
    for split in ("dev", "holdout") if "--holdout" in sys.argv else ("dev",):
        sets[f"personal, {split}"] = personal_libraries(split, vectors)
        sets[f"chats, {split}"] = chat_libraries(split, vectors)
    if folder := os.environ.get("EARMARK_QMSUM_DIR"):
        sets["QMSum val"] = qmsum_libraries(Path(folder) / "val", vectors)
    rows = [
        row(f"{name}: {kind}", libraries, vectors, texts)
        for name, libraries in sets.items()
        for kind, texts in (("questions", None), ("nonsense", NONSENSE), ("foreign", FOREIGN))
    ]
    vectors.save()
    body = f"The floor is {FLOOR}, for queries none of whose words, names and dates is in reach.\n\n"
    body += table(("queries", "asked", "found something", "least best score", "greatest"), rows)
    write_section("The floor of search", f"python -m bench.floor {' '.join(sys.argv[1:])}".strip(), body)


if __name__ == "__main__":
    main()
