"""Checks an outside model's citations while it streams; removes and counts unsupported ones."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence

from earmark.answers.features import SentenceEmbedder
from earmark.answers.support import is_supported
from earmark.ask.answers.draft import Draft
from earmark.computing.threads import compute
from earmark.llm.types import AnswerEvent, CitationMark, Passage, TextDelta

_MOST_CHARS = 1_000
_BEFORE = re.compile(r"[.!?。！？]\s+|\n")


async def supported(
    events: AsyncIterator[AnswerEvent], passages: Iterable[Passage], draft: Draft, embedder: SentenceEmbedder | None
) -> AsyncIterator[AnswerEvent]:
    """Yield the events without unsupported citations; `draft.dropped_citations` counts those removed."""
    known = {one.number: one for one in passages}
    draft.dropped_citations = 0
    text_before = ""
    cited: list[Passage] = []
    pending: list[CitationMark] = []
    async for event in events:
        if isinstance(event, CitationMark):
            if event.number not in known:
                continue  # an unknown number is not a citation
            cited.append(known[event.number])
            if await _is_sound(_last_sentence(text_before), cited[-1:], embedder):
                yield event
            else:
                pending.append(event)  # further citations may support the rest of the sentence
            continue
        for mark in await _checked(_last_sentence(text_before), pending, cited, draft, embedder):
            yield mark
        if cited:
            pending, cited, text_before = [], [], ""  # the next text belongs to the next marks
        if isinstance(event, TextDelta):
            text_before = (text_before + event.text)[-_MOST_CHARS:]
        yield event
    for mark in await _checked(_last_sentence(text_before), pending, cited, draft, embedder):
        yield mark


async def _is_sound(sentence: str, cited: Sequence[Passage], embedder: SentenceEmbedder | None) -> bool:
    return all(await compute(is_supported, sentence, cited, embedder))


async def _checked(
    sentence: str,
    pending: Sequence[CitationMark],
    cited: Sequence[Passage],
    draft: Draft,
    embedder: SentenceEmbedder | None,
) -> list[CitationMark]:
    """Return the marks supported together with the sentence's other citations; count the rest."""
    if not pending:
        return []
    verdicts = await compute(is_supported, sentence, cited, embedder) if len(cited) > 1 else [False]
    sound = {one.number for one, is_sound in zip(cited, verdicts, strict=True) if is_sound}
    sound_marks = [mark for mark in pending if mark.number in sound]
    draft.dropped_citations = (draft.dropped_citations or 0) + len(pending) - len(sound_marks)
    return sound_marks


def _last_sentence(text_before: str) -> str:
    """Return the last sentence, or its part after earlier marks."""
    whole = text_before.rstrip()
    starts = [match.end() for match in _BEFORE.finditer(whole) if match.end() < len(whole)]
    return whole[starts[-1] :] if starts else whole
