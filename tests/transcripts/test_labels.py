"""Machines' labels of speakers, which name whoever spoke in one recording, and names, which stay names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from earmark.speech.speakers import number_speakers
from earmark.transcripts.labels import is_machine_label
from earmark.transcripts.types import Segment

LABELS = [
    "SPEAKER_0", "SPEAKER_00", "SPEAKER_12", "Speaker 1", "speaker 1", "Speaker A", "Speaker B:", "Speaker", "speaker_2",
    "[Speaker 3]", "(Speaker 4)", "<speaker 5>", "Speaker #1", "Speaker-1", "Speaker1", "SPEAKER_UNKNOWN", "Speaker (2)", "Speaker one",
    "S1", "S01", "A", "b", "0", "12", "spk_0", "spk_1", "SPK1", "spkr 2", "Unknown", "UNKNOWN", "Unknown Speaker", "unknown speaker 1",
    "Unidentified", "Unidentified speaker", "UNK", "Guest", "Guest 2", "Guest-3", "Host", "Participant 4", "Person 1",
    "Attendee 2", "Caller", "Agent", "Customer", "Interviewer", "Interviewee 2", "Moderator", "Doctor", "Patient", "User 1", "Bot", "Anonymous 3",
    "Channel 1", "CHANNEL_0", "ch_0", "ch1", "channel_left", "Left channel", "Left", "right", "Mic 1", "Track 2", "Them", "Others",
    "Sprecher 1", "Sprecherin 2", "Unbekannt", "Unbekannter Sprecher", "Teilnehmer 3", "Locuteur 1", "Intervenant 2", "Hablante 1",
    "Desconocido", "Sconosciuto", "Parlante 1", "说话人1", "发言人 2", "話者1", "화자 1", "Спикер 1", "Спикер 1", "\uff33peaker\u00a01", " ", "-",
]  # fmt: skip
NAMES = [
    "Ada", "Ada Lovelace", "Grace", "Klaas", "Ines", "Inês", "Al", "Bo", "Jo", "Ng", "Ed", "Ana", "An Nguyen", "J. Doe", "Doctor Ruiz", "Dr. Ruiz",
    "Agent Smith", "Guest Lee", "Host Maria", "Client Ada", "Mann, Thomas", "Thomas Mann", "Frau Weber", "Chan Wai", "Mark", "Guy", "Christian",
    "Person of Interest", "Speaker Pelosi", "Mike", "Lina", "Channing", "Voicu", "Hosta", "Alan", "Allan", "System Admin Ben", "Unknown Mortal",
    "+49 30 901820", "ada@example.com", "Me", "Rita (guest)", "Vi Tran", "王伟", "Мария", "אדה", "R2-D2 the cat", "Team Berlin", "Leftwich", "Wright", "Chan", "Line", "Gast",
    "Mann", "Rep. Ocasio",
]  # fmt: skip


@pytest.mark.parametrize("name", LABELS)
def test_a_label_that_a_machine_writes_is_no_name(name: str) -> None:
    assert is_machine_label(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_persons_name_is_no_label(name: str) -> None:
    assert not is_machine_label(name)


def test_what_our_own_engines_write_is_a_label() -> None:
    heard = [Segment(at, at + 1, f"voice {at}", "Words.") for at in range(40)]
    assert all(is_machine_label(one.speaker or "") for one in number_speakers(heard))


def test_labels_in_other_services_files_are_labels() -> None:
    lines = (Path(__file__).parent / "shapes.jsonl").read_text("utf-8").splitlines()
    said = [who for line in lines for _, who, *_ in json.loads(line).get("said", ()) if isinstance(who, str)]
    numbered = {who for who in said if who.startswith(("SPEAKER_", "spk_", "CHANNEL_", "Speaker ", "S1", "S2"))}
    assert numbered
    assert {who for who in numbered if not is_machine_label(who)} == set()
