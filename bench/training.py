"""The training and hold-out data of the built-in answers: questions, evidence, gold.

Training: FriendsQA's development dialogues, Molweni's dialogues 1 to 70, QMSum's train split, the development people
and friends, and the questions of `data/reader` about all of these. Whole dialogues, series and people are held out
(`is_held_out`): no weights are trained on them, but the last three numbers and the thresholds are chosen on them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench import dialogues, written
from bench.asked import CachedEncoder, Query, Source, folder_of, request_of, whole
from bench.retrieval_data import Vectors
from earmark.answers.features import Evidence, describe_evidence
from earmark.answers.question_kinds import read_question
from earmark.answers.sentences import Sentence
from earmark.answers.windows import Window, windows_of
from earmark.llm.types import AnswerRequest

WEIGHTS: Final = {
    "friendsqa": 1.0, "molweni": 0.4, "qmsum": 0.4, "qmsum written": 1.0, "asked inside": 0.3, "personal": 1.5,
    "chats": 1.5, "personal written": 1.5, "chats written": 1.5,
    "libraries": 1.5,
}  # fmt: skip
"""The weight of a question of each set."""
HELD_LIBRARIES: Final = frozenset(
    {"ES2016", "IS1008", "TS3012", "education", "Bro", "tamsin", "jonah", "museum", "sundays", "startup", "friends"}
)
_HELD_EACH: Final = 10
"""Every tenth dialogue of FriendsQA and Molweni is held out."""
_ASKED_INSIDE: Final = 9
_MOST_LATER: Final = 3
_LEAST_REPLY_WORDS: Final = 5


@dataclass(frozen=True)
class Example:
    """A question with its evidence. `gold` names the answering sentences, by window and position in it."""

    source: Source
    query: Query
    is_held_out: bool
    request: AnswerRequest
    windows: tuple[Window, ...]

    @property
    def is_answerable(self) -> bool:
        return bool(self.query.gold)

    def is_gold(self, one: Sentence) -> bool:
        """Whether a sentence contains any of the answering words."""
        recording = next(
            number
            for number, entry in enumerate(self.source.library.entries)
            if entry.recording_id == one.passage.recording_id
        )
        return any(
            place.recording == recording
            and place.segment == one.passage.ordinal
            and one.position < place.end
            and one.end > place.start
            for places in self.query.gold
            for place in places
        )

    def evidence(self, vectors: Vectors) -> Evidence:
        """Compute the evidence's signals, as the server does."""
        return describe_evidence(self.request, read_question(self.query.text), self.windows, CachedEncoder(vectors))

    def gold_mask(self, sentences: Sequence[Sentence]) -> NDArray[np.bool_]:
        """Return which sentences are gold. Shapes: sentences -> bool [sentences]."""
        return np.array([self.is_gold(one) for one in sentences], bool)


def examples(vectors: Vectors) -> Iterator[Example]:
    """Yield every question, held out or not."""
    for source in sources(vectors):
        held = _held_out(source)
        for query in source.queries:
            request = request_of(source, query, vectors)
            is_held = source.library.name in HELD_LIBRARIES or bool(query.scope and query.scope <= held)
            yield Example(source, query, is_held, request, tuple(windows_of(request)))


def _held_out(source: Source) -> frozenset[int]:
    if source.set not in ("friendsqa", "molweni"):
        return frozenset()
    names = sorted(entry.name or "" for entry in source.library.entries)[::_HELD_EACH]
    return frozenset(number for number, entry in enumerate(source.library.entries) if entry.name in names)


def sources(vectors: Vectors) -> Iterator[Source]:
    """Yield all sets: those whose folders the settings name, and the project's own."""
    if folder := folder_of("EARMARK_FRIENDSQA_DIR"):
        friends = dialogues.friendsqa(folder / "friendsqa_dev.json", vectors)
        yield replace(friends, queries=(*friends.queries, *dialogues.friends_written(friends)))
    if folder := folder_of("EARMARK_MOLWENI_DIR"):
        yield dialogues.molweni(folder / "molweni_mrc_test.json", vectors, 1, 70)
    if folder := folder_of("EARMARK_QMSUM_DIR"):
        yield from _meetings(folder / "train", vectors)
    people = [*written.personal("dev", vectors), *written.chats("dev", vectors)]
    yield from people
    yield from written.own_written(people)
    yield from written.libraries(vectors)


def _meetings(folder: Path, vectors: Vectors) -> Iterator[Source]:
    meetings = dialogues.meetings(folder, vectors)
    yield from meetings
    yield from dialogues.meetings_written(folder, meetings)
    yield from map(asked_inside, meetings)


def asked_inside(source: Source) -> Source:
    """Return the questions that participants asked; a later turn by another is the reply."""
    rng = random.Random(source.library.name)
    queries: list[Query] = []
    for number, one in enumerate(source.library.recorded):
        found = []
        for at, segment in enumerate(one.segments[:-_MOST_LATER]):
            questions = re.findall(r"[^.?!]*\?", segment.text)
            text = questions[-1].strip() if questions else ""
            later = range(at + 1, at + 1 + _MOST_LATER)
            reply = next((two for two in later if _replies(one.segments[two], segment.speaker)), None)
            if 6 <= len(text.split()) <= 22 and segment.text.rstrip().endswith("?") and reply is not None:
                found.append(Query(text, "reply", ((whole(source.library, number, reply),),), frozenset({number})))
        rng.shuffle(found)
        queries += found[:_ASKED_INSIDE]
    return Source("asked inside", source.library, tuple(queries))


def _replies(segment: object, asker: str | None) -> bool:
    text = str(getattr(segment, "text", ""))
    is_other = getattr(segment, "speaker", None) != asker
    return is_other and len(text.split()) >= _LEAST_REPLY_WORDS and not text.rstrip().endswith("?")
