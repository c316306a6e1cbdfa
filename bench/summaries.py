"""What answers are compared with, and by: Lead-3, TextRank and ROUGE-L, in their simplest forms."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

_WORD = re.compile(r"\w+")


def lead(sentences: Sequence[str], count: int = 3) -> list[int]:
    """Return the positions of the first sentences."""
    return list(range(min(count, len(sentences))))


def textrank(sentences: Sequence[str], count: int) -> list[int]:
    """Return the positions of the most central sentences, best first.

    Source: Mihalcea and Tarau, EMNLP 2004: PageRank (d = .85) over word overlap / (log |a| + log |b|).
    """
    words = [set(_WORD.findall(one.lower())) for one in sentences]
    likeness = np.zeros((len(words), len(words)))
    for at, mine in enumerate(words):
        for other in range(at):
            size = math.log(len(mine) or 1) + math.log(len(words[other]) or 1)
            if size:
                likeness[at, other] = likeness[other, at] = len(mine & words[other]) / size
    moves = likeness / np.maximum(likeness.sum(1, keepdims=True), 1e-9)
    ranks = np.full(len(words), 1 / max(1, len(words)))
    for _ in range(50):
        ranks = 0.15 / len(words) + 0.85 * moves.T @ ranks
    return [int(at) for at in np.argsort(-ranks, kind="stable")[:count]]


def rouge_l(answer: str, reference: str) -> float:
    """Return the F-measure of the longest common subsequence of words (Lin, ACL 2004), in lower case, not stemmed."""
    mine, theirs = _WORD.findall(answer.lower()), _WORD.findall(reference.lower())
    longest = [0] * (len(theirs) + 1)
    for word in mine:
        before = 0
        for at, other in enumerate(theirs, 1):
            above = longest[at]
            longest[at] = before + 1 if word == other else max(above, longest[at - 1])
            before = above
    common = longest[-1]
    return 2 * common / (len(mine) + len(theirs)) if common else 0.0
