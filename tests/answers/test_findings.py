from __future__ import annotations

import pytest

from earmark.answers.findings import find_decisions, find_open_questions, find_promises
from earmark.answers.suggesting import candidate_questions
from earmark.answers.summary import summarise, topic_shifts
from earmark.answers.talks import talks_of
from tests.answers.talk import Turn, passages


@pytest.mark.parametrize(
    "turns",
    [
        [("Ada", "So we'll go with the green tiles for the kitchen.")],
        [("Ada", "We decided to sell the piano after the summer concert.")],
        [("Ada", "Shall we meet at the harbour on Sunday morning?"), ("Bo", "Yes, sounds good.")],
        [("Ada", "I'd suggest we close the shop on Mondays."), ("Bo", "Agreed.")],
        [("Ada", "Wir haben beschlossen, das Dach im Herbst zu machen.")],
    ],
)
def test_a_decision_is_stated_or_is_an_accepted_proposal(turns: list[Turn]) -> None:
    (talk,) = talks_of(passages(*turns, ("Cy", "It was raining all the way to the station.")))
    assert [one.key.text for one in find_decisions(talk)] == [turns[0][1]]


@pytest.mark.parametrize(
    "turns",
    [
        [("Ada", "Shall we meet at the harbour on Sunday morning?"), ("Bo", "No, I really can't.")],
        [("Ada", "We haven't decided about the piano yet.")],
        [("Ada", "The piano was played for the whole evening.")],
        [("Ada", "How much was the piano, four thousand two hundred?"), ("Bo", "Four thousand two hundred, yes.")],
        [("Ada", "You know each other from mails, I think."), ("Bo", "Only from mails, yes.")],
        [("Ada", "Sagen Sie Ihrer Nachbarin, sie kann jederzeit anrufen."), ("Bo", "Mach ich.")],
    ],
)
def test_a_rejected_postponed_or_reported_proposal_is_not_a_decision(turns: list[Turn]) -> None:
    (talk,) = talks_of(passages(*turns))
    assert find_decisions(talk) == []


@pytest.mark.parametrize(
    "said",
    [
        "Week twenty-six is, let me look...",
        "I'm happy with the piano, I have to say.",
        "And I want to say all of this in English for Bo.",
    ],
)
def test_thinking_aloud_and_what_is_only_said_is_no_promise(said: str) -> None:
    (talk,) = talks_of(passages(("Ada", said), ("Ada", "It was raining all the way to the station.")))
    assert find_promises(talk) == []


@pytest.mark.parametrize(
    "said",
    [
        "How is the piano tuned? It is an old one, so I'd like to know.",
        "Then I look like I don't know what goes on in my own company.",
        "So, to recap: I confirm the flight when Bo has agreed, and Cy pays it.",
    ],
)
def test_a_wish_to_know_and_a_recap_leave_nothing_open(said: str) -> None:
    (talk,) = talks_of(passages(("Ada", said), ("Bo", "We cut one part of a hundred and look at it.")))
    assert find_open_questions(talk) == []


def test_a_promise_is_stated_or_is_an_accepted_request_and_dated_ones_rank_first() -> None:
    (talk,) = talks_of(
        passages(
            ("Ada", "Can you send the list of the guests to the caterer?"),
            ("Bo", "Sure, will do."),
            ("Cy", "I'll bring the ladder and the paint by Friday."),
            ("Ada", "I'll be honest, the soup was awful."),
        )
    )
    promises = find_promises(talk)
    assert [one.key.text for one in promises] == [
        "I'll bring the ladder and the paint by Friday.",
        "Can you send the list of the guests to the caterer?",
    ]
    assert promises[0].speaker == "Cy"
    assert [one.text for one in promises[1].sentences] == [
        "Can you send the list of the guests to the caterer?", "Sure, will do.",
    ]  # fmt: skip


def test_an_unanswered_question_is_open_until_a_later_recording_settles_it() -> None:
    first = passages(
        ("Ada", "Who pays the plumber for the broken boiler in the cellar?"),
        ("Bo", "I don't know yet, let's discuss that next time."),
        recording="rec_a",
    )
    later = passages(
        ("Ada", "We decided that the landlord pays the plumber for the broken boiler in the cellar."),
        recording="rec_b", day=7, first_number=3,
    )  # fmt: skip
    new, old = talks_of([*first, *later])
    assert [one.key.text for one in find_open_questions(old)][0].startswith("Who pays the plumber")
    settled = find_open_questions(old, find_decisions(new))
    assert not any("plumber" in one.text for finding in settled for one in finding.sentences)


def test_a_topic_shift_is_found_where_the_words_change() -> None:
    turns = [("Ada", f"The boiler and the pipes in the cellar need work, part {n}.") for n in range(8)]
    turns += [("Bo", f"The choir sings a mass by Haydn in the spring, song {n}.") for n in range(8)]
    (talk,) = talks_of(passages(*turns))
    (bound,) = topic_shifts(talk, 2)
    assert 7 <= bound <= 9
    told = [one.text for group in summarise([talk]) for one in group]
    assert any("boiler" in text for text in told)
    assert any("choir" in text for text in told)


def test_candidate_questions_are_complete_and_use_no_verb_as_a_topic() -> None:
    talk = passages(
        ("Ada", "What about that?"),
        ("Bo", "Hm, what do you mean by that thing there?"),
        ("Ada", "How much does the new boiler cost in Zwolle?"),
        ("Bo", "About nine hundred euros with the parts."),
        ("Cy", "I'll ask the plumber about the boiler by Friday. In Zwolle they know him. I like Zwolle."),
        ("Ada", "We decided to buy the boiler in Zwolle."),
    )
    found = list(candidate_questions(talks_of(talk)))
    assert "How much does the new boiler cost in Zwolle?" in found
    assert "What was decided?" in found
    assert "What did Cy promise?" in found
    assert "When did Zwolle first come up?" in found
    assert all(one.endswith("?") and one[0].isupper() and len(one.split()) <= 12 for one in found)
    assert not any("that" in one.lower().split() for one in found)
