"""Exported chats: what people wrote is read, with senders and days; what the app added is not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from earmark.transcripts import parse_transcript
from earmark.transcripts.text import chats
from earmark.transcripts.text.dates import find_stamped_date
from earmark.transcripts.types import ParsedTranscript, RecordedAt

HOUSE = """16/09/2024, 19:58 - Messages and calls are end-to-end encrypted. No one outside of this chat can read them.
16/09/2024, 19:58 - Ana Ruiz created group "House"
17/09/2024, 08:12 - Chidi Okafor: The new roof leaks.
17/09/2024, 08:15 - Chidi Okafor: <Media omitted>
17/09/2024, 08:22 - Bo Lindqvist: 16,800 still open: I won't pay.
19/09/2024, 07:55 - Chidi Okafor: It was the chimney.
At no cost, he says.
20/09/2024, 10:31 - Ana Ruiz changed the subject from "House" to "House: the roof"
"""


def said(parsed: ParsedTranscript) -> list[tuple[str | None, str]]:
    return [(one.speaker, one.text) for one in parsed.segments]


def test_notices_and_placeholders_of_a_chat_are_no_utterances_and_days_are_told() -> None:
    parsed = parse_transcript(HOUSE.encode(), filename="WhatsApp Chat with House.txt")
    assert said(parsed) == [
        (None, "2024-09-17"),
        ("Chidi Okafor", "The new roof leaks."),
        ("Bo Lindqvist", "16,800 still open: I won't pay."),
        (None, "2024-09-19"),
        ("Chidi Okafor", "It was the chimney."),
        ("Chidi Okafor", "At no cost, he says."),
    ]
    assert parsed.engine == "import/estimated"
    assert parsed.recorded is not None
    assert f"{parsed.recorded.moment:%Y-%m-%d %H:%M}" == "2024-09-17 08:12"


@pytest.mark.parametrize(
    ("name", "expected"), [("WhatsApp Chat with House.txt", None), ("_chat.txt", "House"), (None, "House")]
)
def test_a_chat_is_named_by_its_file_or_where_that_says_nothing_by_its_group(
    name: str | None, expected: str | None
) -> None:
    assert parse_transcript(HOUSE.encode(), filename=name).name == expected


@pytest.mark.parametrize(
    "lines",
    [
        "9/17/24, 8:12\u202fAM - {a}\n9/17/24, 8:13\u202fAM - {b}",
        "17.09.24, 08:12 - {a}\n17.09.24, 08:13 - {b}",
        "17/09/2024 à 08:12 - {a}\n17/09/2024 à 08:13 - {b}",
        "17/9/24, 8:12 a. m. - {a}\n17/9/24, 8:13 a. m. - {b}",
        "17-09-2024 08:12 - {a}\n17-09-2024 08:13 - {b}",
        "2024-09-17 08:12 - {a}\n2024-09-17 08:13 - {b}",
        "17/09/24, 08.12 - {a}\n17/09/24, 08.13 - {b}",
        "2024/09/17 8:12 - {a}\n2024/09/17 8:13 - {b}",
        "[17.09.24, 08:12:01] {a}\n[17.09.24, 08:13:02] {b}",
        "[9/17/24, 8:12:01\u202fAM] {a}\n\u200e[9/17/24, 8:13:02\u202fAM] {b}",
        "[2024-09-17, 08:12:01] {a}\n[2024-09-17, 08:13:02] {b}",
    ],
)
def test_dates_and_times_are_read_as_each_country_writes_them(lines: str) -> None:
    parsed = parse_transcript(lines.format(a="+49 170 1234567: The roof leaks.", b="~ Bo: Again?").encode())
    assert said(parsed) == [("+49 170 1234567", "The roof leaks."), ("Bo", "Again?")]
    assert parsed.recorded is not None
    assert f"{parsed.recorded.moment:%Y-%m-%d %H:%M}" == "2024-09-17 08:12"


@pytest.mark.parametrize(
    "text",
    [
        "<Media omitted>", "<Medien ausgeschlossen>", "<Multimedia omitido>", "<Médias omis>", "<Media omessi>",
        "<Arquivo de mídia oculto>", "<Media weggelaten>", "<pominięto multimedia>", "\u200eimage omitted",
        "\u200eBild weggelassen", "\u200e<attached: 00001-PHOTO-2024.jpg>", "IMG-2024-WA0001.jpg (file attached)",
        "IMG-2024-WA0001.jpg (Datei angehängt)", "This message was deleted", "Du hast diese Nachricht gelöscht.",
        "\u200eMessages and calls are end-to-end encrypted.", "\u200eNachrichten sind Ende-zu-Ende-verschlüsselt.",
    ],
)  # fmt: skip
def test_what_the_app_wrote_in_place_of_a_message_is_left_out(text: str) -> None:
    chat = f"17/09/2024, 08:12 - Ana: Look\n17/09/2024, 08:13 - Ana: {text}\n17/09/2024, 08:14 - Bo: I see <3\n"
    assert said(parse_transcript(chat.encode())) == [("Ana", "Look"), ("Bo", "I see <3")]


def test_a_caption_stays_without_its_picture_and_an_edited_message_without_the_note() -> None:
    chat = (
        "[17.09.24, 08:12:01] Ana: The chimney \u200e<attached: 1.jpg>\n"
        "[17.09.24, 08:12:05] Bo: I see\u200e <This message was edited>\n"
        "[17.09.24, 08:12:09] Bo: IMG-1.jpg (file attached)\nand the gutter\n"
    )
    parsed = parse_transcript(chat.encode())
    assert said(parsed) == [("Ana", "The chimney"), ("Bo", "I see"), ("Bo", "and the gutter")]
    assert [one.start_ms for one in parsed.segments] == [0, 4_000, 8_000]


def test_a_chat_of_many_weeks_is_read() -> None:
    chat = "".join(f"[{day:02}.{month:02}.24, 08:12:01] Ana: Day {day}.\n" for month in (1, 2) for day in range(1, 29))
    parsed = parse_transcript(chat.encode())
    assert len(parsed.segments) == 2 * 2 * 28
    assert parsed.segments[-1].end_ms < 3_600_000


def test_the_dates_of_a_long_chat_are_told_in_linear_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of day and month comes first is found once, not for each day anew."""
    read: list[int] = []

    def counted(stamps: Sequence[str]) -> RecordedAt | None:
        read.append(len(stamps))
        return find_stamped_date(stamps)

    monkeypatch.setattr(chats, "find_stamped_date", counted)
    days = [(month, day) for month in range(1, 13) for day in range(1, 29)]
    parse_transcript("".join(f"{day}/{month}/24, 08:12 - Ana: Day {day}.\n" for month, day in days).encode())
    assert sum(read) < 5 * len(days)


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Roof call-20240709_123000-Meeting Recording\nJuly 9, 2024, 10:30AM\n2m 41s", "Roof call"),
        ("Roof call-20240709_123000UTC-Meeting Recording\n2m 41s", "Roof call"),
        ("Planning of the roof (2024-07-09 12:30 GMT+2) - Transcript\n", "Planning of the roof"),
        ("Title: Roof call-20240709_123000-Meeting Transcript\n", "Roof call"),
        ("The roof-original recording\n", "The roof-original recording"),
    ],
)
def test_a_title_is_that_of_the_meeting_without_what_the_tool_appends(heading: str, name: str) -> None:
    text = f"{heading}\n\nAna Ruiz   0:03\nThe roof leaks.\n\nBo Lindqvist   0:12\nAgain?\n"
    parsed = parse_transcript(text.encode())
    assert parsed.name == name
    if "2024" in heading:
        assert parsed.recorded is not None
        assert f"{parsed.recorded.moment:%Y-%m-%d}" == "2024-07-09"
