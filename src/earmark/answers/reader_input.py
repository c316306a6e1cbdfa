"""Builds the reader's input: question and window as tokens, and each sentence's token span."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from earmark.answers.sentences import Sentence

MOST_TOKENS: Final = 192
_QUESTION_TOKENS: Final = 48
_SENTENCE_CHARS: Final = 1_200
_START: Final = 101
_END: Final = 102


@dataclass(frozen=True, slots=True)
class ReaderInput:
    """Token ids; the first `question_size` are the question's.

    `spans` are (first, last + 1) tokens of each sentence. A sentence that didn't fit has an empty span.
    """

    ids: tuple[int, ...]
    question_size: int
    spans: tuple[tuple[int, int], ...]


def encode_windows(tokenizer: Any, question: str, windows: Sequence[Sequence[Sentence]]) -> list[ReaderInput]:
    """Return the reader's input for each window: "[CLS] question [SEP] Speaker: words … [SEP]"."""
    texts = list(dict.fromkeys(text for window in windows for text in _lines(window)))
    encoded = tokenizer.encode_batch_fast([question, *texts], add_special_tokens=False)
    known = dict(zip(texts, (one.ids for one in encoded[1:]), strict=True))
    asked = (_START, *encoded[0].ids[:_QUESTION_TOKENS], _END)
    return [_joined(asked, [known[text] for text in _lines(window)]) for window in windows]


def _lines(window: Sequence[Sentence]) -> Iterator[str]:
    """Yield each sentence's text, prefixed by the speaker's name where a turn begins."""
    before: Sentence | None = None
    for one in window:
        is_new = before is None or before.passage.ordinal != one.passage.ordinal
        name = f"{one.passage.speaker}: " if is_new and one.passage.speaker else ""
        yield (name + one.text)[:_SENTENCE_CHARS].encode("utf-8", "replace").decode("utf-8")
        before = one


def _joined(asked: Sequence[int], sentences: Sequence[Sequence[int]]) -> ReaderInput:
    ids = list(asked)
    spans: list[tuple[int, int]] = []
    for sentence in sentences:
        start = len(ids)
        ids += sentence[: max(0, MOST_TOKENS - 1 - start)]
        spans.append((start, len(ids)))
    return ReaderInput((*ids, _END), len(asked), tuple(spans))
