"""Are the built-in answers any good, and do they say so when nothing answers? One command, two tables.

    EARMARK_QMSUM_DIR=… python -m bench.answers [--holdout]

Reads QMSum's val split (nothing was learned from it), the personal questions and the chats of two friends: the dev
people, whom `scripts/train_answers.py` learns from, and with `--holdout` the others. Evidence is what the server would
find; Lead-3 and TextRank choose from the same retrieved text, TextRank as many sentences as the built-in model does.
Intervals are 95 % bootstrap intervals over questions.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.answers_data import (
    CachedEncoder,
    Turn,
    answerable,
    chats_unanswerable,
    follow_ups,
    of_others,
    unanswerable,
    wrong_person,
)
from bench.chats import chat_libraries
from bench.results import table, write_section
from bench.retrieval import interval
from bench.retrieval_data import Library, Vectors, personal_libraries, qmsum_libraries
from bench.summaries import lead, rouge_l, textrank
from earmark.llm.selection import choose, complete, last_answer, select_sentences
from earmark.llm.sentences import says_something, sentences_of
from earmark.llm.signals import describe_evidence

Floats = NDArray[np.float64]
Quoted = tuple[str, int, str]
"""A sentence of an answer: recording id, start of its segment, words."""
METRICS = ("precision", "first", "any", "ROUGE-L", "sentences", "words")


def by_earmark(turn: Turn, vectors: Vectors) -> list[Quoted]:
    """What the built-in model would quote if it never refused, best first."""
    described = describe_evidence(turn.request, CachedEncoder(vectors))
    told = last_answer(turn.request)
    chosen = complete(turn.request, choose(described.sentences, told=told)) if described.sentences else []
    return [(one.passage.recording_id, one.passage.start_ms, one.text) for one in chosen]


def retrieved(turn: Turn) -> list[Quoted]:
    """Every sentence of the evidence that says something, in the order of the hits."""
    return [
        (hit.recording_id, segment.start_ms, text)
        for hit in turn.request.hits
        for segment in hit.segments
        for _, text in sentences_of(segment.text)
        if says_something(text)
    ]


def judge(turn: Turn, quoted: Sequence[Quoted]) -> list[float]:
    """One answer's metrics, in the order of `METRICS`."""
    right = [(recording, start) in turn.gold for recording, start, _ in quoted]
    text = " ".join(words for _, _, words in quoted)
    rouge = rouge_l(text, turn.answer) if turn.answer else np.nan
    if not quoted:
        return [0.0, 0.0, 0.0, rouge, 0.0, 0.0]
    return [float(np.mean(right)), float(right[0]), float(any(right)), rouge, len(quoted), len(text.split())]


def measure(turns: Sequence[Turn], vectors: Vectors) -> dict[str, Floats]:
    """Shapes: method -> [turns, metrics]."""
    ours = [by_earmark(turn, vectors) for turn in turns]
    found = [retrieved(turn) for turn in turns]
    chosen: Mapping[str, Callable[[list[str], int], list[int]]] = {
        "Lead-3": lambda texts, _: lead(texts),
        "TextRank": textrank,
    }
    rows: dict[str, Floats] = {}
    for name, method in chosen.items():
        picked = [
            [all_[at] for at in method([one[2] for one in all_], len(quoted))]
            for all_, quoted in zip(found, ours, strict=True)
        ]
        rows[name] = np.array([judge(turn, one) for turn, one in zip(turns, picked, strict=True)])
    rows["earmark"] = np.array([judge(turn, one) for turn, one in zip(turns, ours, strict=True)])
    return rows


def answers(turns: Sequence[Turn], vectors: Vectors) -> str:
    """The table of one set, and how far earmark is from the others, question by question."""
    measured = measure(turns, vectors)
    shown = [at for at, name in enumerate(METRICS) if name != "ROUGE-L" or turns[0].answer]
    rows = [[name, *(f"{values[:, at].mean():.3f}" for at in shown)] for name, values in measured.items()]
    lines = [table(["answers", *(METRICS[at] for at in shown)], rows), ""]
    ours = measured["earmark"]
    for name in ("Lead-3", "TextRank"):
        gains = [f"{METRICS[at]} {interval(ours[:, at] - measured[name][:, at])}" for at in shown if at in (0, 2, 3)]
        ratio = ours[:, 0].mean() / max(1e-9, measured[name][:, 0].mean())
        lines.append(f"- earmark minus {name}: {'; '.join(gains)}; precision {ratio:.2f} times")
    return "\n".join(lines)


def refusals(sets: Mapping[str, Sequence[Turn]], vectors: Vectors) -> str:
    """How many questions of each set are answered that nothing says it."""
    rows = []
    for name, turns in sets.items():
        refused = np.array([not select_sentences(turn.request, CachedEncoder(vectors)) for turn in turns], np.float64)
        rows.append([name, len(turns), interval(refused).replace("+", "")])
    return table(["questions", "number", "refused"], rows)


def found(sets: Mapping[str, Sequence[Turn]]) -> str:
    """How often a gold segment is among the first one, three and eight hits."""
    rows = []
    for name, turns in sets.items():
        depths = []
        for depth in (1, 3, 8):
            places = [
                {(hit.recording_id, one.start_ms) for hit in turn.request.hits[:depth] for one in hit.segments}
                for turn in turns
            ]
            depths.append(np.mean([bool(turn.gold & place) for turn, place in zip(turns, places, strict=True)]))
        rows.append([name, len(turns), *(f"{value:.3f}" for value in depths)])
    return table(["follow-ups", "number", "in 1", "in 3", "in 8"], rows)


def personal(split: str, others: Sequence[Library], vectors: Vectors) -> tuple[dict[str, list[Turn]], ...]:
    """The people's turns: those with an answer, and those without one in their recordings."""
    people = personal_libraries(split, vectors)
    alone = [turn for turn in answerable(people, vectors) if turn.kind != "follow_up"]
    answered = {f"personal, {split}": alone, f"personal, {split}, follow-ups": follow_ups(people, vectors)}
    unanswered = {
        f"other people's, asked of personal, {split}": of_others(people, [*people, *others], vectors, most=60),
        f"wrong person, personal, {split}": wrong_person(people, vectors),
        f"written on the same topics, personal, {split}": unanswerable(people, vectors),
    }
    return answered, unanswered


def chats(split: str, others: Sequence[Library], vectors: Vectors) -> tuple[dict[str, list[Turn]], ...]:
    """The friends' turns: those with an answer, those asked of the wrong one of the two, and those without."""
    friends = chat_libraries(split, vectors)
    turns = answerable(friends, vectors)
    answered = {f"chats, {split}": [turn for turn in turns if turn.kind != "misattributed"]}
    unanswered = {
        f"other people's, asked of chats, {split}": of_others(friends, [*friends, *others], vectors, most=60),
        f"true of the other friend, chats, {split}": [turn for turn in turns if turn.kind == "misattributed"],
        f"written on the same topics, chats, {split}": chats_unanswerable(friends, vectors),
    }
    return answered, unanswered


def main() -> None:
    vectors = Vectors(threads=int(os.environ.get("EARMARK_EMBEDDING_THREADS", "1")))
    answered: dict[str, Sequence[Turn]] = {}
    unanswered: dict[str, Sequence[Turn]] = {}
    meetings: list[Library] = []
    if folder := os.environ.get("EARMARK_QMSUM_DIR"):
        meetings = qmsum_libraries(Path(folder) / "val", vectors)
        answered["QMSum val, whole series"] = answerable(meetings, vectors)
        answered["QMSum val, meeting known"] = answerable(meetings, vectors, is_recording_known=True)
        people = personal_libraries("dev", vectors)
        unanswered["other people's, asked of QMSum val"] = of_others(meetings, people, vectors, most=20)
    leaning: dict[str, Sequence[Turn]] = {}
    for split in ("dev", "holdout") if "--holdout" in sys.argv else ("dev",):
        yes, no = personal(split, meetings, vectors)
        leaning[f"{split}, asked alone"] = follow_ups(personal_libraries(split, vectors), vectors, is_alone=True)
        leaning[f"{split}, with what came before"] = yes[f"personal, {split}, follow-ups"]
        answered |= yes
        unanswered |= no
        yes, no = chats(split, [*personal_libraries(split, vectors), *meetings], vectors)
        answered |= yes
        unanswered |= no
    parts = [f"### {name}: {len(turns)} questions\n\n{answers(turns, vectors)}" for name, turns in answered.items()]
    parts.append(f"### Follow-ups: gold among the first hits\n\n{found(leaning)}")
    parts.append(f"### Answerable questions refused\n\n{refusals(answered, vectors)}")
    parts.append(f"### Unanswerable questions refused\n\n{refusals(unanswered, vectors)}")
    vectors.save()
    write_section("Answers", f"python -m bench.answers {' '.join(sys.argv[1:])}".strip(), "\n\n".join(parts))


if __name__ == "__main__":
    main()
