"""An outside model's citations, checked on their way: what their passage doesn't support is taken out and counted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Sequence

from earmark.answers.signals import SentenceEmbedder
from earmark.answers.support import is_supported
from earmark.ask.draft import Draft
from earmark.llm.types import AnswerEvent, CitationMark, Passage, TextDelta

_MOST_CHARS = 1_000
_BEFORE = re.compile(r"[.!?。！？]\s+|\n")


async def supported(
    events: AsyncIterator[AnswerEvent], passages: Iterable[Passage], draft: Draft, embedder: SentenceEmbedder | None
) -> AsyncIterator[AnswerEvent]:
    """Yield the events without citations that nothing supports; `draft.dropped_citations` counts those."""
    known = {one.number: one for one in passages}
    draft.dropped_citations = 0
    said = ""
    cited: list[Passage] = []
    held: list[CitationMark] = []
    async for event in events:
        if isinstance(event, CitationMark):
            if event.number not in known:
                continue  # an unknown number is no citation at all
            cited.append(known[event.number])
            if await _is_sound(_last_sentence(said), cited[-1:], embedder):
                yield event
            else:
                held.append(event)  # others may support the rest of the sentence
            continue
        for mark in await _checked(_last_sentence(said), held, cited, draft, embedder):
            yield mark
        if cited:
            held, cited, said = [], [], ""  # what comes next rests on the next marks
        if isinstance(event, TextDelta):
            said = (said + event.text)[-_MOST_CHARS:]
        yield event
    for mark in await _checked(_last_sentence(said), held, cited, draft, embedder):
        yield mark


async def _is_sound(sentence: str, cited: Sequence[Passage], embedder: SentenceEmbedder | None) -> bool:
    return all(await asyncio.to_thread(is_supported, sentence, cited, embedder))


async def _checked(
    sentence: str,
    held: Sequence[CitationMark],
    cited: Sequence[Passage],
    draft: Draft,
    embedder: SentenceEmbedder | None,
) -> list[CitationMark]:
    """Return those marks that hold together with all that the sentence cites, and count the others."""
    if not held:
        return []
    verdicts = await asyncio.to_thread(is_supported, sentence, cited, embedder) if len(cited) > 1 else [False]
    sound = {one.number for one, is_sound in zip(cited, verdicts, strict=True) if is_sound}
    kept = [mark for mark in held if mark.number in sound]
    draft.dropped_citations = (draft.dropped_citations or 0) + len(held) - len(kept)
    return kept


def _last_sentence(said: str) -> str:
    """Return the sentence, or what of it stands behind earlier marks, that these rest on."""
    whole = said.rstrip()
    starts = [match.end() for match in _BEFORE.finditer(whole) if match.end() < len(whole)]
    return whole[starts[-1] :] if starts else whole
