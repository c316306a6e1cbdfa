from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.retrieval.index.analysis import MAX_CONCEPTS, MAX_TERM_CHARS, analyze, analyze_query, fold

LANGUAGES = [None, "en", "de", "fr", "ru", "zh", "xx", "pt-BR", "tr"]


@given(st.text(max_size=300), st.sampled_from(LANGUAGES))
def test_a_transcript_is_found_by_its_own_words(text: str, language: str | None) -> None:
    indexed = set(analyze(text, language))
    query = analyze_query(text, [language])
    assert bool(query.concepts) == bool(indexed)
    assert all(indexed.intersection(concept.terms) for concept in query.concepts)


@given(st.text(max_size=300), st.sampled_from(LANGUAGES))
def test_terms_are_short_and_not_empty(text: str, language: str | None) -> None:
    assert all(0 < len(term) <= MAX_TERM_CHARS for term in analyze(text, language))


@given(st.text(max_size=100))
def test_fold_is_idempotent(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded


@pytest.mark.parametrize(
    ("text", "language", "terms"),
    [
        ("The discussions, discussed", "en", ["the", "discuss", "discuss"]),
        ("Caroline's café didn't open", "en", ["carolin", "cafe", "didn", "open"]),
        ("Straße STRASSE", "de", ["strass", "strass"]),
        ("3,500 euros or 3500? 2.5%", "en", ["3500", "euro", "or", "3500", "2.5"]),
        ("réunions", "fr", ["reunion"]),
        ("搬家", "zh", ["搬", "家", "搬家"]),
        ("ประชุม", "th", ["ป", "ร", "ะ", "ช", "ุ", "ม", "ปร", "ระ", "ะช", "ชุ", "ุม"]),
        ("會議meeting2024", "en", ["會", "議", "會議", "meeting2024"]),
        ("חֲתֻנָּה", "he", ["חתנה"]),
        ("किताबें", "hi", ["किताब"]),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "en", ["full", "width"]),
        ("мой ёж", "", ["мой", "еж"]),
    ],
)
def test_analyze(text: str, language: str, terms: list[str]) -> None:
    assert analyze(text, language or "xx") == terms


@pytest.mark.parametrize("question", ["", "???", "🙂🙂", " " * 1_000, "—…«»", "\u200d\u0301"])
def test_question_without_words_has_no_concepts(question: str) -> None:
    assert analyze_query(question).concepts == ()


def test_stop_words_are_removed_unless_nothing_remains() -> None:
    assert [concept.word for concept in analyze_query("What did the lawyer say?").concepts] == [
        "lawyer",
        "say",
    ]
    assert [concept.word for concept in analyze_query("the").concepts] == ["the"]


def test_question_is_stemmed_in_each_language_of_the_library() -> None:
    (concept,) = analyze_query("Besprechungen", ["de", "en"]).concepts
    assert set(analyze("Besprechung", "de")) <= set(concept.terms)
    assert set(analyze("Besprechungen", "en")) <= set(concept.terms)


def test_name_is_found_across_languages() -> None:
    query = analyze_query("When did Caroline call?", ["fr", "de"])
    assert set(analyze("Caroline", "fr")) <= set(query.terms)
    assert set(analyze("Caroline", "de")) <= set(query.terms)


def test_question_of_one_long_word_and_of_many_words_is_bounded() -> None:
    assert len(analyze_query("a" * 1_000).terms[0]) == MAX_TERM_CHARS
    assert len(analyze_query(" ".join(f"w{number}" for number in range(500))).concepts) == MAX_CONCEPTS


def test_stemming_is_thread_safe() -> None:
    words = [f"{word}{ending}" for word in ("walk", "talk", "discuss") for ending in ("s", "ed", "ing")] * 50
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda word: analyze(word, "en"), words)) == [analyze(word, "en") for word in words]
