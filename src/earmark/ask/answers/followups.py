"""Makes a follow-up question ("and who objected?") self-contained by prepending earlier questions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from earmark.answers.question_kinds import asks_for_summary
from earmark.llm.types import PastTurn
from earmark.retrieval.index.analysis import analyze_query
from earmark.retrieval.index.stopwords import STOP_WORDS

_CONTINUES: Final = re.compile(
    r"^\W*(?:and|but|so|also|or|then|what about|how about|who else|what else|where else|anything else|anyone else|"
    r"und|aber|oder|wer noch|was noch|et|mais|ou|et alors|y|pero|e|ma|mas|en|maar)\b",
    re.IGNORECASE,
)
_POINTS_BACK: Final = re.compile(
    r"\b(?:that|this|it|they|them|those|these|he|she|him|her|his|hers|their|its|there|instead|"
    r"das|dies|dazu|davon|dort|ihm|ihn|ihnen|cela|ça|celui|ello|eso|esto|ciò|isso|dat|daar)\b",
    re.IGNORECASE,
)
_NAME: Final = re.compile(r"(?<=\S )(?!I\b|I['’])[^\W\d_a-z][\w'’-]+|\d")
_MEASURES: Final = ("many", "much", "long", "often", "far", "soon", "big", "viel", "viele", "lange")
_MOST_WORDS: Final = 16
_WITHOUT_NAME_WORDS: Final = 12
_SHORT_WORDS: Final = 9
_MOST_BEFORE: Final = 3
_CHARS_EACH: Final = 300
"""Characters used of each earlier question; the encoder reads about 1,000 in all."""


def make_standalone(question: str, history: Sequence[PastTurn]) -> str:
    """Return `question` preceded by the earlier questions it depends on, back to a self-contained one."""
    if not leans_back(question):
        return question
    before: list[str] = []
    for turn in reversed(history):
        if turn.role != "user" or turn.content == question or turn.content in before:
            continue
        before.append(turn.content)
        if len(before) == _MOST_BEFORE or not leans_back(turn.content):
            break
    return "\n".join([*(one[:_CHARS_EACH] for one in reversed(before)), question])


def leans_back(question: str) -> bool:
    """Whether a question continues ("and …"), refers back ("it"), or is bare ("When?")."""
    words = len(question.split())
    if words > _MOST_WORDS:
        return False
    if _CONTINUES.search(question) or _is_bare(question):
        return True
    most = _SHORT_WORDS if _NAME.search(question) else _WITHOUT_NAME_WORDS
    return words <= most and _POINTS_BACK.search(question) is not None


def _is_bare(question: str) -> bool:
    """Whether a question is only function words and measures: "Why?", "How long?"."""
    words = [concept.word for concept in analyze_query(question).concepts]
    return bool(words) and not asks_for_summary(question) and STOP_WORDS.union(_MEASURES).issuperset(words)
