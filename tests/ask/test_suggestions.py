"""Suggested questions are verified before they are shown, and cached by transcript text."""

from __future__ import annotations

from typing import Any

import pytest

from earmark.answers.answer import Answer, compose_answer
from earmark.ask.answers import suggestions
from earmark.transcripts.types import Segment
from tests.ask.desk import Desk

OTHER = (
    Segment(0, 4_000, "When does the paint for the shed arrive?", "Ada"),
    Segment(4_500, 9_000, "The paint arrives on the second of May, they promised me.", "Grace"),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the questions put to the built-in model."""
    questions: list[str] = []

    def compose(request: Any, *rest: Any) -> Answer:
        questions.append(request.question)
        return compose_answer(request, *rest)

    monkeypatch.setattr(suggestions, "compose_answer", compose)
    return questions


async def test_suggestions_are_cached_until_the_transcripts_change(desk: Desk, asked: list[str]) -> None:
    await desk.recording()
    first = await desk.runtime.suggester.starters(desk.tenant)
    assert first
    before = list(asked)
    assert set(first) <= set(before)
    assert await desk.runtime.suggester.starters(desk.tenant) == first
    assert asked == before
    await desk.recording("Paint", OTHER)
    assert "When does the paint for the shed arrive?" in await desk.runtime.suggester.starters(desk.tenant)
    assert len(asked) > len(before)


async def test_cached_suggestions_expire(desk: Desk, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggestions, "_CACHE_TTL_S", 0.0)
    await desk.recording()
    first = await desk.runtime.suggester.starters(desk.tenant)
    before = len(asked)
    assert await desk.runtime.suggester.starters(desk.tenant) == first
    assert len(asked) == 2 * before
