"""Questions that name a speaker are rewritten into the second person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.retrieval.index.analysis import analyze, analyze_query, speaker_term
from earmark.retrieval.ranking.phrasing import address

SPEAKERS = ("Dana", "Anne-Marie Roux", "Mr. Osei", "Project Manager", "May", "Mark")


def put(question: str, languages: tuple[str | None, ...] = ("en",)) -> str:
    known = {speaker_term(term) for name in SPEAKERS for term in analyze(name, "en")}
    return address(analyze_query(question, languages), known, languages)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What did Dana paint?", "What did you paint?"),
        ("What colour is Dana's hallway?", "What colour is your hallway?"),
        ("what did dana paint?", "what did you paint?"),
        ("Where did Anne-Marie Roux go?", "Where did you go?"),
        ("What did Mr. Osei say of Dana?", "What did you say of Dana?"),
        ("What did the Project Manager want?", "What did the Project Manager want?"),
        ("What did Mark say in May?", "What did you say in May?"),
        ("Did Dana mark the date?", "Did you mark the date?"),
        ("What did Priya paint?", "What did Priya paint?"),
        ("Dana?", "you?"),
        ("???", "???"),
    ],
)
def test_a_speakers_name_is_replaced_by_you(question: str, expected: str) -> None:
    assert put(question) == expected


def test_names_are_removed_if_the_library_is_not_all_english() -> None:
    assert put("Was hat Dana gemalt?", ("de",)) == "Was hat gemalt?"
    assert put("What did Dana paint?", ("en", "fr")) == "What did paint?"
    assert put("Dana?", ("de",)) == "Dana?"


@given(st.text(max_size=80))
def test_no_question_becomes_empty(question: str) -> None:
    assert put(question).strip() or not question.strip()
