"""Prints the built-in answers to sixty questions with people's verdicts.

    python -m bench.by_hand            writes docs/explanation/answers-by-hand.md

Questions and meetings are in `bench/data/by_hand`, written and frozen before work on answers began; verdicts
(right, partly, wrong) in `verdicts.json`, given by reading each answer as the person who asks. An answer that
differs from the judged one is marked and must be judged again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from bench.asked import DATA, SAMPLE, CachedEncoder, Query, Source, request_of
from bench.retrieval_data import Vectors, build_library, read_native
from earmark.answers.answer import Answer, compose_answer
from earmark.answers.extractive import render_answer
from earmark.answers.reader import Reader
from earmark.llm.types import TextDelta

FOLDER: Final = DATA / "by_hand"
TARGET: Final = Path(__file__).resolve().parent.parent / "docs/explanation/answers-by-hand.md"
VERDICTS: Final = ("right", "partly", "wrong")


def questions(vectors: Vectors) -> Iterator[tuple[Source, dict[str, Any]]]:
    """Yield each question with its library."""
    rows = [json.loads(line) for line in (FOLDER / "questions.jsonl").read_text("utf-8").splitlines() if line.strip()]
    for person in sorted({row["external_id"] for row in rows}):
        folder = SAMPLE / person if (SAMPLE / person).is_dir() else FOLDER / "meetings"
        library = build_library(person, [read_native(path) for path in sorted(folder.glob("*.json"))], [], vectors)
        for row in rows:
            if row["external_id"] == person:
                yield Source("by hand", library, ()), row


def told(answer: Answer) -> str:
    """Return the answer's text, with the key words in bold."""
    parts = [one for one in render_answer(answer) if isinstance(one, TextDelta)]
    return "".join(f"**{one.text}**" if one.is_key else one.text for one in parts).strip()


def digest(text: str) -> str:
    """Return a short digest of an answer, to detect changes since it was judged."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def main() -> None:
    vectors = Vectors(threads=int(os.environ.get("EARMARK_EMBEDDING_THREADS", "1")))
    path = FOLDER / "verdicts.json"
    verdicts: dict[str, dict[str, str]] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    reader, encoder = Reader(threads=1), CachedEncoder(vectors)
    counts: Counter[str] = Counter()
    shown = []
    for source, row in questions(vectors):
        whole = Query(row["question"], row["kind"], ())
        answer = compose_answer(request_of(source, whole, vectors), reader, encoder)
        text = told(answer)
        known = verdicts.get(row["id"], {})
        verdict = known.get("verdict", "not judged")
        if known and known["digest"] != digest(text):
            verdict = f"{verdict} (an earlier answer; judge it anew)"
        counts[verdict] += 1
        quoted = "\n".join(f"> {line}" for line in text.splitlines())
        note = f" {known['note']}" if known.get("note") else ""
        shown.append(
            f"### {row['id']} · {row['kind']} · {row['external_id']}\n\n**{row['question']}**\n\n{quoted}\n\n"
            f"Wanted: {row['expected']}\n\n*{verdict}*.{note} `{digest(text)}`\n"
        )
    whole_count = sum(counts.values())
    lines = ", ".join(f"{name} {count} ({count / whole_count:.0%})" for name, count in sorted(counts.items()))
    TARGET.write_text(
        "# Answers, judged by hand\n\nWhat the built-in model says to sixty questions over the sample library and three "
        "meetings, all written and frozen before the answers were worked on, and how whoever asked would judge each. "
        f"Written by `python -m bench.by_hand`.\n\n{lines}.\n\n" + "\n".join(shown),
        encoding="utf-8",
    )
    vectors.save()


if __name__ == "__main__":
    main()
