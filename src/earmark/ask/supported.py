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
    held: list[CitationMark] = []
    async for event in events:
        if isinstance(event, CitationMark):
            if event.number in known:  # the others are unknown numbers, which are no citations at all
                held.append(event)
            continue
        if held:
            for mark in await _checked(_last_sentence(said), held, known, draft, embedder):
                yield mark
            held, said = [], ""  # what comes next rests on the next marks
        if isinstance(event, TextDelta):
            said = (said + event.text)[-_MOST_CHARS:]
        yield event
    if held:
        for mark in await _checked(_last_sentence(said), held, known, draft, embedder):
            yield mark


async def _checked(
    sentence: str,
    held: Sequence[CitationMark],
    known: dict[int, Passage],
    draft: Draft,
    embedder: SentenceEmbedder | None,
) -> list[CitationMark]:
    cited = [known[mark.number] for mark in held]
    verdicts = await asyncio.to_thread(is_supported, sentence, cited, embedder)
    draft.dropped_citations = (draft.dropped_citations or 0) + verdicts.count(False)
    return [mark for mark, is_sound in zip(held, verdicts, strict=True) if is_sound]


def _last_sentence(said: str) -> str:
    """Return the sentence, or what of it stands behind earlier marks, that these rest on."""
    whole = said.rstrip()
    starts = [match.end() for match in _BEFORE.finditer(whole) if match.end() < len(whole)]
    return whole[starts[-1] :] if starts else whole
