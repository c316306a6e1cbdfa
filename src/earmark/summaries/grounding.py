"""Ties each item of a model's output to the passages that support it; what nothing supports is dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from earmark.answers.features import SentenceEmbedder
from earmark.answers.languages import language_of_text
from earmark.answers.support import is_supported
from earmark.llm.types import Passage
from earmark.retrieval.index.analysis import topic_terms
from earmark.summaries.types import Citation

_MOST_CITATIONS: Final = 5
_LEAST_SHARED: Final = 2
"""Words that a passage must share with an item for which the model names no line."""


def supporting(
    text: str,
    numbers: Sequence[int],
    passages: Mapping[int, Passage],
    embedder: SentenceEmbedder | None = None,
    *,
    translated_to: str | None = None,
) -> tuple[Citation, ...]:
    """Return the moments that support an item, of the lines that the model names for it, else of the likest one.

    Shapes: `passages` by their numbers.

    Args:
        translated_to: the language in which the summary was asked for. An item in another one than its lines, that
            nobody asked for, can't be compared with them and has no support.
    """
    may_translate = translated_to is not None and language_of_text(text) == translated_to
    named = [passages[number] for number in dict.fromkeys(numbers) if number in passages][: 2 * _MOST_CITATIONS]
    found = _sound(text, named, embedder, may_translate=may_translate)
    if not found:
        likest = _likest(text, passages)
        found = _sound(text, [likest], embedder) if likest is not None else []
    cited = sorted(found, key=lambda one: one.start_ms)[:_MOST_CITATIONS]
    return tuple(Citation(one.recording_id, one.start_ms, one.end_ms, one.text) for one in cited)


def _sound(
    text: str, passages: Sequence[Passage], embedder: SentenceEmbedder | None, *, may_translate: bool = False
) -> list[Passage]:
    if not passages:
        return []
    verdicts = is_supported(text, passages, embedder, may_translate=may_translate)
    return [one for one, is_sound in zip(passages, verdicts, strict=True) if is_sound]


def _likest(text: str, passages: Mapping[int, Passage]) -> Passage | None:
    wanted = topic_terms(text)
    shared = [(len(wanted & topic_terms(one.text)), -number) for number, one in passages.items()]
    most, number = max(shared, default=(0, 0))
    return passages[-number] if most >= _LEAST_SHARED else None
