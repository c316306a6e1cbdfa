from __future__ import annotations

import pytest

from earmark.answers.answer import compose_answer
from earmark.answers.languages import language_of_question, language_of_text, languages_of
from tests.answers.talk import WordEmbedder, hit, passages, request

GERMAN = (
    ("Ada", "Das Gesenk kostet sechstausendachthundert Euro, und es gehört dann Ihnen."),
    ("Bo", "Gut, dann machen wir das so und Sie liefern im Mai."),
)


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Was kostet das Gesenk bei Moll?", "de"),
        ("Wer war dagegen?", "de"),
        ("When is the launch?", "en"),
        ("Heron launch: who is coming?", "en"),
        ("Combien coûte le vol ?", "fr"),
        ("Quand est la réunion ?", "fr"),
        ("¿Cuánto cuesta el pasaje?", "es"),
        ("¿Quién prometió enviar el contrato?", "es"),
    ],
)
def test_the_language_of_a_question_is_detected(question: str, language: str) -> None:
    assert language_of_question(question) == language


@pytest.mark.parametrize("question", ["", "???", "42", "Ok"])
def test_a_question_without_words_has_no_certain_language(question: str) -> None:
    assert language_of_question(question) in (None, "en")


def test_the_languages_of_texts_are_detected_most_frequent_first() -> None:
    texts = [text for _, text in GERMAN] + ["We should really talk about the price of the boat again tomorrow."]
    assert languages_of(texts) == ["de", "en"]


def test_plain_english_is_detected_without_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr("earmark.answers.languages._detector", refuse)
    assert language_of_text("I think they said that the boat is in the yard, and you'd have to ask about it.") == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das ist „the“ beste Werkzeug, und wir nehmen das auch, this and that.", "de"),
        ("Il a dit the price and the date, mais nous ne savons pas quand il vient.", "fr"),
    ],
)
def test_a_few_english_words_do_not_make_a_text_english(text: str, language: str) -> None:
    assert language_of_text(text) == language


def test_a_question_in_the_language_of_the_recording_is_answered() -> None:
    talk = passages(*GERMAN)
    answer = compose_answer(request("Was kostet das Gesenk?", [hit(talk, 0, 1)], talk), None, WordEmbedder())
    assert answer.key is not None
    assert answer.key.text.startswith("Das Gesenk kostet")


def test_an_unanswered_question_in_another_language_is_explained() -> None:
    talk = passages(*GERMAN)
    asked = request("Where did they hide the stolen bicycle?", [hit(talk, 0, 1, score=0.02)], talk)
    answer = compose_answer(asked, None, WordEmbedder())
    assert answer.answered == "no"
    assert "German" in answer.lead
    assert "English" in answer.lead
