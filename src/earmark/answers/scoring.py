"""Scores how likely each sentence contains the answer, by signals and the reader.

Both give log-odds against "nothing answers"; they are combined with learned weights (`weights.npz`, written by
`scripts/train_answers.py`) and normalised over all sentences and "none of them".
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from earmark.answers.agreement import adjust
from earmark.answers.cues import PROPOSES
from earmark.answers.features import Evidence, SentenceEmbedder, describe_evidence
from earmark.answers.question_kinds import Asked
from earmark.answers.sentences import Sentence
from earmark.answers.windows import Place, Window, place_of
from earmark.llm.types import AnswerRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_WEIGHTS: Final = Path(__file__).with_name("weights.npz")
_LATEST_ODDS: Final = 1.6
"""Added to the log-odds of the newest recording if the question asks for the current state."""
_REPEAT_ODDS: Final = 0.75
"""Subtracted from sentences quoted in the previous answer, if the question is a follow-up."""
_ECHO_SHARE: Final = 0.6
_ECHO_SENTENCES: Final = 2
"""A question is never the answer: this share of its probability moves to the sentences that reply."""
_PROPOSED_SHARE: Final = 0.5
"""The share of its chance that a question with a proposal retains; it is never the key."""
CLIP: Final = 5.0
"""A signal is clipped at this many standard deviations from its mean."""


class SentenceReader(Protocol):
    """Scores windows for a question."""

    def read(self, question: str, windows: Sequence[Window]) -> list[list[float]]:
        """Return, for each window, the log-odds of each sentence that it answers."""
        ...


@dataclass(frozen=True, slots=True)
class Scores:
    """The probability of each sentence that it contains the answer; `odds`: log-odds that any does."""

    likely: Mapping[Place, float]
    sentences: Mapping[Place, Sentence]
    odds: float
    evidence: Evidence


def score_sentences(
    request: AnswerRequest,
    asked: Asked,
    windows: Sequence[Window],
    reader: SentenceReader | None,
    embedder: SentenceEmbedder | None,
) -> Scores:
    """Score every sentence of the windows; without a reader by signals alone."""
    evidence = describe_evidence(request, asked, windows, embedder)
    sentences = {place_of(one.sentence): one.sentence for one in evidence.sentences}
    if not sentences:
        return Scores({}, {}, -math.inf, evidence)
    weighed = weigh_signals(evidence.matrix())
    if reader is not None:
        weighed = combine(weighed, read_sentences(reader, request, windows))
    odds = dict(zip(sentences, weighed.tolist(), strict=True))
    whole = _log_sum(odds.values())
    previous = _last_answer(request)
    odds = {
        place: value - (_REPEAT_ODDS if sentences[place].text in previous else 0.0) for place, value in odds.items()
    }
    likely = _chances(_newest_first(asked, adjust(asked, request.asker, odds, sentences), sentences))
    return Scores(_replied(windows, likely), sentences, whole, evidence)


def _last_answer(request: AnswerRequest) -> str:
    if request.standalone == request.question:
        return ""
    return next((turn.content for turn in reversed(request.history) if turn.role == "assistant"), "")


def weigh_signals(matrix: Floats) -> Floats:
    """Return log-odds by a network of one hidden layer.

    Shapes: [sentences, signals] -> [sentences].
    """
    import numpy as np

    weights = _weights()
    scaled = np.clip((matrix - weights["mean"]) / weights["spread"], -CLIP, CLIP)
    hidden = np.maximum(scaled @ weights["inner"] + weights["inner_bias"], 0.0)
    odds: Floats = hidden @ weights["outer"] + scaled @ weights["direct"] + weights["bias"]
    return odds


def combine(by_signals: Floats, by_reader: Floats) -> Floats:
    """Combine both log-odds. Shapes: [sentences], [sentences] -> [sentences]."""
    first, second, bias = _weights()["together"]
    both: Floats = first * by_signals + second * by_reader + bias
    return both


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, Floats]:
    import numpy as np

    with np.load(io.BytesIO(_WEIGHTS.read_bytes()), allow_pickle=False) as file:
        return {name: file[name].astype(np.float32) for name in file.files}


def read_sentences(reader: SentenceReader, request: AnswerRequest, windows: Sequence[Window]) -> Floats:
    """Return the reader's log-odds per sentence, in order of first appearance.

    Shapes: windows of S different sentences -> [S].
    """
    import numpy as np

    found: dict[Place, float] = {}
    for window, row in zip(windows, reader.read(request.standalone.replace("\n", " "), windows), strict=True):
        for one, value in zip(window.sentences, row, strict=True):
            found[place_of(one)] = max(value, found.get(place_of(one), -math.inf))
    return np.array(list(found.values()), np.float32)


def _newest_first(asked: Asked, odds: Mapping[Place, float], sentences: Mapping[Place, Sentence]) -> dict[Place, float]:
    """Raise the log-odds of newer recordings if the question asks for the current state."""
    times = sorted({one.passage.recorded_us or 0 for one in sentences.values()})
    if not asked.wants_latest or len(times) < 2:
        return dict(odds)
    rank = {when: at / (len(times) - 1) for at, when in enumerate(times)}
    return {
        place: value + _LATEST_ODDS * rank[sentences[place].passage.recorded_us or 0] for place, value in odds.items()
    }


def _chances(odds: Mapping[Place, float]) -> dict[Place, float]:
    """Return the probability of each sentence; the rest (at odds 0) is "none of them"."""
    highest = max(0.0, *odds.values())
    mass = {place: math.exp(value - highest) for place, value in odds.items()}
    whole = sum(mass.values()) + math.exp(-highest)
    return {place: value / whole for place, value in mass.items()}


def _replied(windows: Sequence[Window], likely: Mapping[Place, float]) -> dict[Place, float]:
    """Move a question's probability to the sentences that reply."""
    found = dict(likely)
    done: set[Place] = set()
    for window in windows:
        for at, one in enumerate(window.sentences):
            place = place_of(one)
            if one.is_question and place in likely and place not in done:
                done.add(place)
                kept = likely[place] * _PROPOSED_SHARE if PROPOSES.search(one.text) else 0.0
                found[place] = kept
                replies = _replies(window.sentences[at + 1 :], one)
                for reply in replies:
                    found[place_of(reply)] += (likely[place] - kept) * _ECHO_SHARE / len(replies)
    return found


def _replies(following: Sequence[Sentence], asked: Sentence) -> list[Sentence]:
    return [one for one in following if one.passage.ordinal > asked.passage.ordinal][:_ECHO_SENTENCES]


def _log_sum(values: Iterable[float]) -> float:
    listed = list(values)
    highest = max(listed)
    return float(highest + math.log(sum(math.exp(one - highest) for one in listed)))
