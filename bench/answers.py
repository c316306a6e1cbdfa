"""Measures the built-in answers: whether they show what answers, and refuse when nothing does.

    EARMARK_QMSUM_DIR=… EARMARK_FRIENDSQA_DIR=… EARMARK_MOLWENI_DIR=… python -m bench.answers [--holdout] [--unseen]

Shown: at least 80 % of the tokens of any one annotator's span (of all places, if several are needed). Key: the same
for the part marked as answering most directly. Words: per answer to an answerable question that was not refused,
without labels. Echoes: answers that quote only questions. CPU ms: reading, selecting and embedding vectors that
aren't stored; without search. `--most N` asks N questions of each set, evenly sampled. "first source" and "first
source and next two" quote the first retrieved chunk, with the next segments; they never refuse.
Without options the development sets are measured; `--holdout` adds the held-out people and friends, `--unseen` the
half of the sample library's questions reserved for final measurements. Nothing was trained on QMSum's val split,
FriendsQA's test dialogues or Molweni's dialogues 71 to 100. Intervals are 95 % bootstrap intervals over questions.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench import dialogues, written
from bench.asked import CachedEncoder, Query, Source, folder_of, request_of
from bench.results import table, write_section
from bench.retrieval_data import Vectors
from bench.shown import Judged, judge
from bench.training import HELD_LIBRARIES
from earmark.answers.answer import Answer, compose_answer
from earmark.answers.extractive import pieces_of, turns_of
from earmark.answers.reader import Reader
from earmark.answers.scoring import SentenceReader
from earmark.answers.selection import Run
from earmark.answers.sentences import words_in
from earmark.answers.windows import Stretches
from earmark.llm.types import AnswerRequest

Sets = dict[str, list[Source]]
Method = Callable[[AnswerRequest], Answer]
Rows = dict[str, "Row"]


@dataclass(frozen=True)
class Row:
    """The judged answers of one set."""

    name: str
    judged: tuple[Judged, ...]
    cpu_ms: float = 0.0


def built_in(vectors: Vectors, reader: SentenceReader | None) -> Method:
    """Return the server's method."""
    encoder = CachedEncoder(vectors)
    return lambda request: compose_answer(request, reader, encoder)


def first_source(more: int) -> Method:
    """Return the method that quotes the first retrieved chunk and `more` segments after it."""

    def answer(request: AnswerRequest) -> Answer:
        if not request.hits:
            return Answer("no")
        hit, stretches = request.hits[0], Stretches(request.passages)
        last = hit.first_ordinal + len(hit.segments) + more
        found = [
            one for at in range(hit.first_ordinal, last) for one in stretches.sentences(hit.recording_id, at)
        ]  # fmt: skip
        return Answer("yes", "", (Run(found),), None)

    return answer


def answer_all(
    name: str, sources: Iterable[Source], methods: Mapping[str, Method], vectors: Vectors, most: int
) -> Rows:
    """Ask up to `most` questions of a set by each method; evidence is gathered once."""
    asked_of = [(source, query) for source in sources for query in source.queries]
    evenly = asked_of[:: max(1, len(asked_of) // most)][:most]
    judged: dict[str, list[Judged]] = {title: [] for title in methods}
    spent_s = dict.fromkeys(methods, 0.0)
    for source, query in evenly:
        request = request_of(source, query, vectors)
        for title, method in methods.items():
            started = time.process_time()
            answer = method(request)
            spent_s[title] += time.process_time() - started
            judged[title].append(_judged(source, query, answer))
    count = max(1, len(evenly))
    return {title: Row(name, tuple(found), 1_000 * spent_s[title] / count) for title, found in judged.items()}


def _judged(source: Source, query: Query, answer: Answer) -> Judged:
    sentences = [one for run in answer.runs for one in run.sentences]
    echoes = int(bool(sentences) and all(one.is_question for one in sentences))
    quoted: defaultdict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    key: defaultdict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for turn in (turn for run in answer.runs for turn in turns_of(run)):
        place = turn[0].passage.recording_id, turn[0].passage.ordinal
        for start, stop, is_key in pieces_of(turn, answer.key):
            quoted[place].append((start, stop))
            if is_key:
                key[place].append((start, stop))
    return judge(source, query, answer.answered, quoted, key, words_in(sentences), echoes)


def interval(values: Sequence[bool]) -> str:
    """Return a share with its 95 % bootstrap interval."""
    if not values:
        return "–"
    shares = np.array(values, np.float64)
    draws = np.random.default_rng(0).integers(0, len(shares), (1_000, len(shares)))
    low, high = np.quantile(shares[draws].mean(1), [0.025, 0.975])
    return f"{shares.mean():.3f} [{low:.2f}, {high:.2f}]"


def shown_table(rows: Sequence[Row]) -> str:
    """Render the table of answerable questions: what is shown."""
    lines = []
    for row in rows:
        yes = [one for one in row.judged if one.is_answerable]
        if not yes:
            continue
        answered = [one for one in yes if one.answered != "no"]
        several = [one for one in yes if one.has_several]
        lines.append([
            row.name, len(yes), interval([one.is_shown for one in yes]), interval([one.is_key for one in yes]),
            interval([one.is_partly_shown for one in several]) if several else "–",
            f"{np.mean([one.words for one in answered]) if answered else 0:.0f}",
            interval([one.answered == "no" for one in yes]), interval([one.answered == "partly" for one in yes]),
            sum(one.echoes for one in yes), f"{row.cpu_ms:.0f}",
        ])  # fmt: skip
    heads = [
        "set", "questions", "shown", "key alone", "several needed: any", "words", "refused", "doubtful", "echoes",
        "CPU ms",
    ]  # fmt: skip
    return table(heads, lines)


def refused_table(rows: Sequence[Row]) -> str:
    """Render the table of unanswerable questions: how many are refused."""
    lines = []
    for row in rows:
        kinds: defaultdict[str, list[Judged]] = defaultdict(list)
        for one in row.judged:
            if not one.is_answerable:
                kinds[one.kind].append(one)
        for kind, group in sorted(kinds.items()):
            lines.append([
                row.name, kind, len(group), interval([one.answered == "no" for one in group]),
                interval([one.answered != "yes" for one in group]),
            ])  # fmt: skip
    return table(["set", "kind", "questions", "refused", "refused or doubtful"], lines)


def kinds_table(rows: Sequence[Row]) -> str:
    """Render the table of answerable questions by kind, over all sets."""
    kinds: defaultdict[str, list[Judged]] = defaultdict(list)
    for row in rows:
        for one in row.judged:
            if one.is_answerable:
                kinds[one.kind].append(one)
    return table(
        ["kind", "questions", "shown", "key alone", "refused"],
        [
            [kind, len(group), interval([one.is_shown for one in group]), interval([one.is_key for one in group]),
             interval([one.answered == "no" for one in group])]
            for kind, group in sorted(kinds.items()) if len(group) >= 10
        ],
    )  # fmt: skip


def of_others(sources: Sequence[Source], others: Sequence[Source], most: int) -> list[Source]:
    """Return questions about other people's recordings, asked of each library, which can't answer them."""
    found = []
    for source in sources:
        texts = [one.text for other in others if other.library.name != source.library.name for one in other.queries]
        evenly = texts[:: max(1, len(texts) // most)][:most]
        found.append(replace(source, queries=tuple(Query(text, "of others", ()) for text in evenly)))
    return found


def load(vectors: Vectors, options: Sequence[str]) -> Sets:
    """Return the sets selected by options and settings."""
    sets: Sets = {"sample, seen": written.sample(vectors, "seen")}
    if "--unseen" in options:
        sets["sample, unseen"] = written.sample(vectors, "unseen")
    for split in ("dev", "holdout") if "--holdout" in options else ("dev",):
        sets[f"personal, {split}"] = written.personal(split, vectors)
        sets[f"chats, {split}"] = written.chats(split, vectors)
        people = [*sets[f"personal, {split}"], *sets[f"chats, {split}"]]
        sets[f"other people's, {split}"] = of_others(people, [*people, *sets["sample, seen"]], 40)
    sets["libraries, held out"] = [one for one in written.libraries(vectors) if one.library.name in HELD_LIBRARIES]
    if folder := folder_of("EARMARK_QMSUM_DIR"):
        meetings = dialogues.meetings(folder / "val", vectors)
        sets["QMSum val, meeting known"] = meetings
        sets["asked inside QMSum val"] = dialogues.replies(folder / "val", meetings)
    if folder := folder_of("EARMARK_FRIENDSQA_DIR"):
        friends = dialogues.friendsqa(folder / "friendsqa_tst.json", vectors)
        sets["FriendsQA test, own dialogue"] = [friends]
        everywhere = tuple(replace(one, scope=None) for one in friends.queries)
        sets["FriendsQA test, all dialogues"] = [replace(friends, queries=everywhere)]
    if folder := folder_of("EARMARK_MOLWENI_DIR"):
        sets["Molweni 71 to 100"] = [dialogues.molweni(folder / "molweni_mrc_test.json", vectors, 71, 100)]
    return sets


def main() -> None:
    options = sys.argv[1:]
    most = int(options[options.index("--most") + 1]) if "--most" in options else 10_000
    vectors = Vectors(threads=int(os.environ.get("EARMARK_EMBEDDING_THREADS", "1")))
    methods: dict[str, Method] = {
        "with the reader": built_in(vectors, Reader(threads=1)),
        "signals alone": built_in(vectors, None),
        "first source": first_source(0),
        "first source and next two": first_source(2),
    }
    rows = [answer_all(name, sources, methods, vectors, most) for name, sources in load(vectors, options).items()]
    vectors.save()
    parts = []
    for title in methods:
        mine = [row[title] for row in rows]
        parts.append(f"### Shown: {title}\n\n{shown_table(mine)}")
        if not title.startswith("first"):
            parts.append(f"### Unanswerable questions: {title}\n\n{refused_table(mine)}")
    parts.append(f"### By kind, with the reader\n\n{kinds_table([row['with the reader'] for row in rows])}")
    write_section("Answers", f"python -m bench.answers {' '.join(options)}".strip(), "\n\n".join(parts))


if __name__ == "__main__":
    main()
