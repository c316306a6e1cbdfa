"""Selects the quoted turns: the sentence that answers most directly, and the exchange around it.

Every sentence has a probability of containing the answer. Turns (long ones in parts) are chosen by probability
per length, neighbours of a quoted turn preferred: people answer in the next turn, and one exchange reads better
than pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from earmark.answers.agreement import POINTS_BACK
from earmark.answers.question_kinds import Asked, Kind
from earmark.answers.sentences import Sentence, words_in
from earmark.answers.windows import Place, Stretches, place_of
from earmark.retrieval.index.chunking import count_words

MOST_WORDS: Final = 102
MOST_WORDS_SEVERAL: Final = 120
_BRIEF_WORDS: Final = 60
_TURN_WORDS: Final = 48
"""A turn of at most this many words is quoted whole; a longer one in parts of about this size."""
_MOST_RUNS: Final = 3
_LEAST: Final = 0.003
"""A part with a lower probability is left out, however short."""
_BESIDE: Final = 0.05
"""Added to the probability of a part next to a quoted turn."""
_APART: Final = 0.02
"""Subtracted from the probability of a part elsewhere."""
_APART_SHARE: Final = 0.1
"""A part elsewhere needs this share of the key sentence's probability."""
_ENOUGH: Final = 0.995
"""An answer is long enough once it contains this share of the total probability."""
_FEW_WORDS: Final = 6
_BEFORE_SHARE: Final = 0.1
"""A turn before the quoted ones needs this share of the key sentence's probability: answers come after."""
_ASKED_WORDS: Final = 28
_CAUSE_WORDS: Final = 45
_TOO_ALIKE: Final = 0.9


@dataclass(slots=True)
class Run:
    """Consecutive sentences of one recording."""

    sentences: list[Sentence] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Selection:
    """The quoted runs, that of the key sentence first; the key answers most directly."""

    runs: tuple[Run, ...]
    key: Sentence | None


def select_runs(
    asked: Asked,
    stretches: Stretches,
    likely: Mapping[Place, float],
    sentences: Mapping[Place, Sentence],
    *,
    key: Sentence | None = None,
    is_brief: bool = False,
) -> Selection:
    """Select what is quoted.

    Args:
        likely: the probability of each sentence that it contains the answer.
        sentences: the sentence at each place.
        key: the sentence that answers, if already known; by default the likeliest.
        is_brief: whether one short exchange is enough, because it hardly answers.
    """
    chooser = _Chooser(asked, stretches, likely, sentences)
    if is_brief:
        chooser.most_words, chooser.most_runs = _BRIEF_WORDS, 1
    return chooser.choose(key)


class _Chooser:
    """Builds one selection."""

    def __init__(
        self, asked: Asked, stretches: Stretches, likely: Mapping[Place, float], sentences: Mapping[Place, Sentence]
    ) -> None:
        self._asked = asked
        self._stretches = stretches
        self._likely = likely
        self._sentences = sentences
        self._taken: dict[Place, Sentence] = {}
        self._words = 0
        self._best = max(likely.values(), default=0.0)
        self.most_words = MOST_WORDS_SEVERAL if asked.wants_several else MOST_WORDS
        self.most_runs = _MOST_RUNS

    def choose(self, key: Sentence | None) -> Selection:
        key = key or self._key()
        if key is None:
            return Selection((), None)
        self._take(self._part_of(key))
        self._lead_in(key)
        if Kind.WHY in self._asked.kinds:
            self._cause_before(key)
        enough = _ENOUGH * sum(self._likely.values())
        while self._shown() < enough and (part := self._next()) is not None:
            self._take(part)
        return Selection(tuple(self._runs(key)), key)

    def _shown(self) -> float:
        return sum(self._likely.get(place, 0.0) for place in self._taken)

    def _key(self) -> Sentence | None:
        places = [place for place in self._likely if not self._sentences[place].is_question]
        best = max(places, key=lambda place: (self._likely[place], -place[1]), default=None)
        return None if best is None else self._sentences[best]

    def _take(self, sentences: Sequence[Sentence]) -> None:
        for one in sentences:
            if place_of(one) not in self._taken:
                self._taken[place_of(one)] = one
                self._words += count_words(one.text)

    def _part_of(self, sentence: Sentence) -> Sequence[Sentence]:
        """Return the sentence's turn, or the part of a long turn quoted with it."""
        turn = self._turn(sentence.passage.recording_id, sentence.passage.ordinal)
        if words_in(turn) <= _TURN_WORDS:
            return turn
        part: list[Sentence] = []
        for one in turn:
            if part and words_in(part) + count_words(one.text) > _TURN_WORDS:
                if sentence in part:
                    return part
                part = []
            part.append(one)
        return part

    def _turn(self, recording: str, ordinal: int) -> Sequence[Sentence]:
        return self._stretches.sentences(recording, ordinal)

    def _lead_in(self, key: Sentence) -> None:
        """Include the question that the key sentence replies to, if it is close and short."""
        recording, ordinal = key.passage.recording_id, key.passage.ordinal
        between = [one for one in self._turn(recording, ordinal) if one.position < key.position]
        for back in (1, 2):
            turn = self._turn(recording, ordinal - back)
            between = [*turn, *between]
            if not turn or words_in(between) > _ASKED_WORDS:
                return
            if turn[-1].is_question:
                self._take(between)
                return

    def _cause_before(self, key: Sentence) -> None:
        """Include what stands before words that name it as the cause: "It's why the tool is late."."""
        first = min(self._taken.values(), key=place_of)
        if not any(POINTS_BACK.search(one.text) for one in (key, *self._part_of(key))):
            return
        before, found = self._stretches.before(first), list[Sentence]()
        while before is not None and words_in((*found, before)) <= _CAUSE_WORDS:
            found.append(before)
            before = self._stretches.before(before)
        self._take(found)

    def _next(self) -> Sequence[Sentence] | None:
        """Return the most valuable part that still fits."""
        best, worth = None, 0.0
        runs = self._count_runs()
        for part in self._parts():
            missing = [one for one in part if place_of(one) not in self._taken]
            size = words_in(missing)
            if not missing or self._words + size > self.most_words:
                continue
            chance = sum(self._likely.get(place_of(one), 0.0) for one in missing)
            is_beside = self._is_beside(part)
            if chance < _LEAST and not (is_beside and size <= _FEW_WORDS):
                continue
            if self._is_copy(missing) or (
                not is_beside and (runs >= self.most_runs or chance <= max(_APART, _APART_SHARE * self._best))
            ):
                continue
            if is_beside and chance < _BEFORE_SHARE * self._best and self._leads_in(part):
                continue
            value = (chance + (_BESIDE if is_beside else -_APART)) / (size + 4.0) ** 0.5
            if value > worth:
                best, worth = part, value
        return best

    def _parts(self) -> Iterator[Sequence[Sentence]]:
        seen: set[Place] = set()
        for sentence in [*(self._sentences[place] for place in self._likely), *self._beside()]:
            part = self._part_of(sentence)
            if place_of(part[0]) not in seen:
                seen.add(place_of(part[0]))
                yield part

    def _beside(self) -> Iterator[Sentence]:
        for one in list(self._taken.values()):
            for near in (self._stretches.after(one), self._stretches.before(one)):
                if near is not None and place_of(near) not in self._taken:
                    yield near

    def _is_beside(self, part: Sequence[Sentence]) -> bool:
        before, after = self._stretches.before(part[0]), self._stretches.after(part[-1])
        return any(near is not None and place_of(near) in self._taken for near in (before, after, *part))

    def _leads_in(self, part: Sequence[Sentence]) -> bool:
        """Whether a part directly precedes a quoted turn and follows none."""
        before = self._stretches.before(part[0])
        return before is None or place_of(before) not in self._taken

    def _is_copy(self, part: Sequence[Sentence]) -> bool:
        """Whether nearly the same words are already quoted."""
        mine = {word for one in part for word in one.text.casefold().split()}
        theirs: dict[int, set[str]] = {}
        for one in self._taken.values():
            theirs.setdefault(one.passage.number, set()).update(one.text.casefold().split())
        return any(len(mine & words) > _TOO_ALIKE * max(1, min(len(mine), len(words))) for words in theirs.values())

    def _count_runs(self) -> int:
        return sum(1 for _ in self._grouped())

    def _grouped(self) -> Iterator[Run]:
        run: Run | None = None
        for place in sorted(self._taken):
            one = self._taken[place]
            last = run.sentences[-1] if run is not None else None
            following = self._stretches.after(last) if last is not None else None
            if run is not None and following is not None and place_of(following) == place:
                run.sentences.append(one)
                continue
            if run is not None:
                yield run
            run = Run([one])
        if run is not None:
            yield run

    def _runs(self, key: Sentence) -> list[Run]:
        return sorted(self._grouped(), key=lambda run: key not in run.sentences)
