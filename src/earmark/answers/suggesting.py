"""Generates questions that recordings may answer, complete and grammatical; callers verify them first.

Sources: findings (decisions, promises, open points), questions that were asked and answered in the recording, and
frequent names. A template contains only a speaker's name, a recording's name or a frequent name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Final

from earmark.answers.findings import find_decisions, find_open_questions, find_promises
from earmark.answers.languages import ENGLISH, language_of_text
from earmark.answers.naming import CALENDAR
from earmark.answers.sentences import Sentence, words_in
from earmark.answers.talks import Talk, content_terms
from earmark.retrieval.index.chunking import count_words

_MOST_EACH: Final = 3
_SCORE: Final = 1.6
_LEAST_TIMES: Final = 3
_POINTS: Final = re.compile(
    r"\b(?:it|its|this|that|these|those|there|here|he|she|him|her|his|they|them|their|you|your|one|ones|so|then|else|"
    r"das|dies|dieser?s?|er|sie|es|du|ihr|dort|hier|dann|ça|cela|il|elle|eso|esto)\b|[,;:–—…]|['’](?:s|re|ll|d|ve)\b",
    re.IGNORECASE,
)
_ASKS_PLAINLY: Final = re.compile(
    r"^(?:what|when|where|who|why|how|which|whose|was|wann|wo|wer|warum|wie|welche[rs]?|quand|où|qui|pourquoi|comment|"
    r"combien|cuándo|dónde|quién|cuánto)\b",
    re.IGNORECASE,
)
_WORDS: Final = range(5, 13)
_NAME: Final = re.compile(r"(?<=[a-z,] )[A-Z][a-z-]{2,}(?: [A-Z][a-z-]{2,})?\b(?!['’])")
_SMALL: Final = re.compile(r"\b[a-z]{3,}\b")
_NO_TOPICS: Final = CALENDAR | {"christmas", "easter", "english", "german"}


def candidate_questions(talks: Sequence[Talk]) -> Iterator[str]:
    """Yield candidate questions, alternating between sources; deterministic for the same recordings."""
    is_english = any(_is_english(talk) for talk in talks)
    sorts: list[Iterable[str]] = [list(_asked_there(talks))[:_MOST_EACH]]
    if is_english:
        sorts = [list(_about_findings(talks)), *sorts, list(_about_names(talks))[:_MOST_EACH]]
    mixed = chain.from_iterable(zip_longest(*sorts))
    yield from dict.fromkeys(one for one in mixed if one is not None)


def _is_english(talk: Talk) -> bool:
    return language_of_text(" ".join(one.text for turn in talk.turns[:20] for one in turn)) in (ENGLISH, None)


def _about_findings(talks: Sequence[Talk]) -> Iterator[str]:
    for talk in talks:
        decided = find_decisions(talk)
        if decided and decided[0].score >= _SCORE:
            yield "What was decided?"
            break
    promised = [one for talk in talks for one in find_promises(talk) if one.score >= _SCORE and one.speaker]
    for speaker in list(dict.fromkeys(one.speaker for one in promised))[:1]:
        yield f"What did {speaker} promise?"
    if any(one.score >= _SCORE for talk in talks for one in find_open_questions(talk)):
        yield "What is still open?"


def _asked_there(talks: Sequence[Talk]) -> Iterator[str]:
    """Yield questions of the recordings that were answered and are understandable without context."""
    for talk in talks:
        for turn, reply in zip(talk.turns, talk.turns[1:], strict=False):
            one = turn[-1]
            if _stands_alone(one) and words_in(reply) >= _WORDS.start:
                yield one.text[0].upper() + one.text[1:]


def _stands_alone(one: Sentence) -> bool:
    text = one.text
    return (
        one.is_question
        and count_words(text) in _WORDS
        and _ASKS_PLAINLY.match(text) is not None
        and _POINTS.search(text) is None
        and len(content_terms(text)) >= 2
    )


def _about_names(talks: Sequence[Talk]) -> Iterator[str]:
    """Yield "When did X first come up?" for frequent names other than speakers'.

    English only, without words also written in lower case: German capitalises every noun.
    """
    talks = [talk for talk in talks if _is_english(talk)]
    no_names = _NO_TOPICS | {
        word for talk in talks for turn in talk.turns for one in turn for word in _SMALL.findall(one.text)
    }
    speakers = {word for talk in talks for turn in talk.turns for word in (turn[0].passage.speaker or "").split()}
    counts = Counter(
        name
        for talk in talks
        for turn in talk.turns
        for one in turn
        for name in set(_NAME.findall(one.text))
        if not any(word in speakers or word.lower() in no_names for word in name.split())
    )
    for name, times in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if times >= _LEAST_TIMES:
            yield f"When did {name} first come up?"
