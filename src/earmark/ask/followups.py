"""Making a question self-contained from recent turns: "and who objected?" needs what came before."""

from __future__ import annotations

import re
from collections.abc import Sequence

from earmark.llm.types import PastTurn

_LEANS_BACK = re.compile(
    r"^(and|but|so|also|or|what about|how about|why|who else|what else|when was that|und|aber|et|y)\b"
    r"|\b(that|this|it|they|them|those|these|he|she|him|her|his|their|there|then)\b",
    re.IGNORECASE,
)
_SHORT_WORDS = 9


def make_standalone(question: str, history: Sequence[PastTurn]) -> str:
    """Return `question`, led by the last question it leans on if it is short and points back."""
    if len(question.split()) > _SHORT_WORDS or not _LEANS_BACK.search(question):
        return question
    for turn in reversed(history):
        if turn.role == "user" and turn.content != question:
            return f"{turn.content}\n{question}"
    return question
