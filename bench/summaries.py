"""Measures the built-in summariser: `python -m bench.summaries`.

QMSum's val meetings (EARMARK_QMSUM_DIR): ROUGE-L with the answers to their general questions, and the share of
the spans of their specific questions of which a turn is quoted, at 150 words for every system. The sample library:
precision and recall of decisions, action items and open questions against `gold_summaries.json`.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import numpy as np

from bench.results import circumstances, table, write_section
from earmark.answers.notes import take_notes
from earmark.answers.sentences import Sentence
from earmark.answers.summary import most_telling
from earmark.answers.talks import Talk, content_terms, talks_of
from earmark.llm.types import Passage
from earmark.retrieval.index.chunking import count_words

WORDS: Final = 150
GOLD: Final = Path(__file__).with_name("gold_summaries.json")
SAMPLE: Final = Path(__file__).parents[1] / "src" / "earmark" / "sample"
KINDS: Final = ("decisions", "action_items", "open_questions")
Summariser = Callable[[Talk], list[Sentence]]


def main() -> None:
    body = [_sample_table()]
    folder = os.environ.get("EARMARK_QMSUM_DIR")
    if folder:
        body.insert(0, _qmsum_table(Path(folder) / (sys.argv[1] if sys.argv[1:] else "val")))
    write_section("Summaries", "python -m bench.summaries", "\n\n".join([*body, circumstances()]))


# ---- QMSum ------------------------------------------------------------------------------------------


def _qmsum_table(folder: Path) -> str:
    meetings = [_meeting(path) for path in sorted(folder.glob("*.json"))]
    meetings = [one for one in meetings if one[1]]
    rows = []
    for name, systems in _systems().items():
        scores = [_score(system, *one) for one in meetings for system in systems]
        rows.append([name, *(f"{fmean(one[at] for one in scores):.3f}" for at in range(4))])
    questions = sum(len(one[1]) for one in meetings)
    head = f"QMSum {folder.name}: {questions} general questions on {len(meetings)} meetings, {WORDS} words each."
    return f"{head}\n\n" + table(["system", "ROUGE-L", "precision", "recall", "spans covered"], rows)


def _systems() -> dict[str, list[Summariser]]:
    return {
        "first words": [_lead],
        "random": [_random(seed) for seed in range(5)],
        "LexRank": [_lexrank],
        "LexRank, 6 words and more": [lambda talk: [one for one in _lexrank(talk) if count_words(one.text) >= 6]],
        "earmark": [most_telling],
    }


def _meeting(path: Path) -> tuple[Talk, list[str], list[tuple[int, int]]]:
    found = json.loads(path.read_text("utf-8"))
    passages = [
        _passage(path.stem, number, one["speaker"], _clean(one["content"]))
        for number, one in enumerate(found["meeting_transcripts"])
    ]
    spans = [(int(span[0]), int(span[1])) for one in found["specific_query_list"] for span in one["relevant_text_span"]]
    talk = talks_of([one for one in passages if one.text])[0]
    return talk, [one["answer"] for one in found["general_query_list"]], spans


def _clean(text: str) -> str:
    """Undo the tokenisation of the corpus, and drop its markers of noises."""
    text = re.sub(r"\{[a-z]+\}", " ", text)
    return re.sub(r"\s+([?.,!'’])", r"\1", " ".join(text.split()))


def _passage(recording: str, number: int, speaker: str | None, text: str, start_ms: int | None = None) -> Passage:
    start = number * 1_000 if start_ms is None else start_ms
    return Passage(number + 1, recording, recording, None, start, start + 1_000, speaker, text, number)


def _score(
    system: Summariser, talk: Talk, answers: Sequence[str], spans: Sequence[tuple[int, int]]
) -> tuple[float, float, float, float]:
    quoted = _cut(system(talk))
    words = _tokens(" ".join(text for _, text in quoted))
    rouge = [_rouge_l(words, _tokens(answer)) for answer in answers]
    turns = {ordinal for ordinal, _ in quoted}
    covered = fmean(any(first <= turn <= last for turn in turns) for first, last in spans) if spans else 0.0
    f, p, r = (fmean(one[at] for one in rouge) for at in range(3))
    return f, p, r, covered


def _cut(sentences: Sequence[Sentence]) -> list[tuple[int, str]]:
    """Cut a summary to the budget, in the order of its systems, then put it in the order of time."""
    left = WORDS
    found = []
    for one in sentences:
        words = one.text.split()[:left]
        left -= len(words)
        if words:
            found.append((one.passage.ordinal, one.position, " ".join(words)))
    return [(ordinal, text) for ordinal, _, text in sorted(found)]


def _tokens(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _rouge_l(said: Sequence[str], gold: Sequence[str]) -> tuple[float, float, float]:
    """Return F1, precision and recall of the longest common subsequence."""
    row = [0] * (len(gold) + 1)
    for word in said:
        before = 0
        for at, other in enumerate(gold, 1):
            before, row[at] = row[at], before + 1 if word == other else max(row[at], row[at - 1])
    common = row[-1]
    precision, recall = common / max(1, len(said)), common / max(1, len(gold))
    return 2 * precision * recall / max(1e-9, precision + recall), precision, recall


def _sentences(talk: Talk) -> list[Sentence]:
    return [one for turn in talk.turns for one in turn]


def _lead(talk: Talk) -> list[Sentence]:
    return _sentences(talk)


def _random(seed: int) -> Summariser:
    def shuffled(talk: Talk) -> list[Sentence]:
        found = _sentences(talk)
        random.Random(seed).shuffle(found)
        return found

    return shuffled


def _lexrank(talk: Talk) -> list[Sentence]:
    """Continuous LexRank (Erkan and Radev 2004): the stationary distribution over cosines of tf-idf vectors."""
    found = _sentences(talk)
    terms = [content_terms(one.text) for one in found]
    vocabulary = {term: at for at, term in enumerate(sorted({t for one in terms for t in one}))}
    counts = np.zeros((len(found), len(vocabulary)), np.float32)
    for at, row in enumerate(terms):
        for term in row:
            counts[at, vocabulary[term]] += 1
    weighted = counts * np.log(len(found) / np.maximum(1, (counts > 0).sum(0)))
    weighted /= np.maximum(1e-9, np.linalg.norm(weighted, axis=1, keepdims=True))
    alike = weighted @ weighted.T
    alike /= np.maximum(1e-9, alike.sum(1, keepdims=True))
    rank = np.full(len(found), 1 / len(found), np.float32)
    for _ in range(50):
        rank = 0.15 / len(found) + 0.85 * (rank @ alike)
    return [found[at] for at in np.argsort(-rank, kind="stable")]


# ---- the sample library -----------------------------------------------------------------------------


def _sample_table() -> str:
    gold = json.loads(GOLD.read_text("utf-8"))
    rows = []
    for half in ("tuning", "held out"):
        names = [name for name, one in gold.items() if one["half"] == half]
        for kind in KINDS:
            found = [(_items(name, kind), [set(one["segments"]) for one in gold[name][kind]]) for name in names]
            precision, recall, listed, wanted = precision_and_recall(found)
            rows.append([half, kind, wanted, listed, f"{precision:.2f}", f"{recall:.2f}"])
    return "The sample library:\n\n" + table(["half", "kind", "gold", "listed", "precision", "recall"], rows)


def precision_and_recall(
    found: Iterable[tuple[Sequence[set[int]], Sequence[set[int]]]],
) -> tuple[float, float, int, int]:
    """Compare the quoted segments of items with those of the gold: (precision, recall, listed, wanted)."""
    pairs = list(found)
    right = [any(item & gold for gold in golds) for items, golds in pairs for item in items]
    met = [any(item & gold for item in items) for items, golds in pairs for gold in golds]
    return fmean(right or [0.0]), fmean(met or [0.0]), len(right), len(met)


def sample_passages(name: str) -> list[Passage]:
    found: dict[str, Any] = json.loads((SAMPLE / f"{name}.json").read_text("utf-8"))
    return [
        _passage(name, at, one.get("speaker"), one["text"], round(one["start"] * 1_000))
        for at, one in enumerate(found["segments"])
    ]


def _items(name: str, kind: str) -> list[set[int]]:
    notes = take_notes(sample_passages(name))
    return [{one.passage.ordinal for one in item.sentences} for item in getattr(notes, kind)]


if __name__ == "__main__":
    main()
