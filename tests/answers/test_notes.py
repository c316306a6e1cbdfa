"""Notes of a recording: findings by reply and order, key points, chapters; everything verbatim."""

from __future__ import annotations

import pytest

from earmark.answers.notes import Notes, take_notes
from tests.answers.talk import Turn, WordEmbedder, passages

CLOSING = ("Cy", "It was raining all the way to the station this morning.")
GARDEN = [("Ada", f"The roses by the wall number {n} want more water and more shade in the garden.") for n in range(8)]
BOOKS = [("Bo", f"The ledger for account {n} has an invoice that nobody booked in the office.") for n in range(8)]


@pytest.mark.parametrize(
    ("turns", "decided"),
    [
        ([("Ada", "The photographer wants his deposit for the wedding in May."), ("Bo", "Keep him.")], "photographer"),
        ([("Ada", "The price is ninety euros for the lantern. Does anyone object?")], "ninety euros"),
        (
            [("Ada", "Thirty days for the invoices, as with the brackets?"), ("Bo", "Thirty days is good.")],
            "Thirty days",
        ),
    ],
)
def test_a_short_order_a_call_for_objections_and_a_bare_proposal_settle_something(
    turns: list[Turn], decided: str
) -> None:
    notes = take_notes(passages(*turns, CLOSING))
    assert [decided in one.key.text for one in notes.decisions] == [True]


@pytest.mark.parametrize(
    ("turns", "who"),
    [
        (
            [("Ada", "So, actions: Bo prints the tickets for the choir, and we meet on Monday."), ("Bo", "Fine.")],
            "prints",
        ),
        ([("Ada", "You'll hear from us about the flat by next Friday."), ("Bo", "Thank you.")], "hear from us"),
        ([("", "Note to me: ask the plumber about the boiler in the cellar.")], "plumber"),
    ],
)
def test_tasks_given_by_name_promised_answers_and_notes_to_oneself_are_action_items(
    turns: list[Turn], who: str
) -> None:
    notes = take_notes(passages(*turns, *([CLOSING] if turns[0][0] else [])))
    assert [who in one.key.text for one in notes.action_items] == [True]


def test_what_is_deferred_is_open() -> None:
    turns = [
        ("Ada", "What about the colour of the new boat?"),
        ("Bo", "Let me think about the colours and ask my sister."),
    ]
    (found,) = take_notes(passages(*turns, CLOSING)).open_questions
    assert "colour" in found.key.text


def test_key_points_stand_in_the_order_of_time_and_chapters_where_the_topic_changes() -> None:
    said = passages(*GARDEN * 3, *BOOKS * 3)
    notes = take_notes(said, WordEmbedder())
    ordinals = [one.passage.ordinal for one in notes.key_points]
    assert ordinals == sorted(ordinals)
    assert len(ordinals) >= 3
    assert len(notes.chapters) == 3
    assert 24_000 in [one.start_ms for one in notes.chapters]
    assert (notes.chapters[0].start_ms, notes.chapters[-1].end_ms) == (0, said[-1].end_ms)
    assert all(one.title in one.sentence.passage.text for one in notes.chapters)


def test_nothing_said_gives_empty_notes() -> None:
    assert take_notes([]) == Notes()
    assert take_notes(passages(("Ada", " "))) == Notes()
