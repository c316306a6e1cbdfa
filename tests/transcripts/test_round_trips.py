"""Whatever is said, written in a format and read back, is the same within the format's precision."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript
from earmark.transcripts.types import Segment
from earmark.transcripts.writing import render_webvtt

WORDS = st.text("abcdefghijklmnopqrstuvwxyzäöüßéñçž", min_size=1, max_size=9)
SENTENCES = st.lists(WORDS, min_size=2, max_size=8).map(lambda words: " ".join(words).capitalize() + ".")
NAMES = st.sampled_from(["Ines Marlow", "Tomas de la Reyes", "Dr. Ko", "SPEAKER_00", "Åsa", "田中"])


@st.composite
def transcripts(draw: st.DrawFn, *, step_ms: int = 1) -> tuple[Segment, ...]:
    """Several speakers, in turn, each segment after the other, times in whole steps."""
    found: list[Segment] = []
    at = draw(st.integers(0, 100)) * step_ms
    spoken = draw(st.lists(st.tuples(NAMES, SENTENCES), min_size=3, max_size=12))
    for name, text in spoken:
        length = draw(st.integers(max(1, 400 // step_ms), max(2, 9_000 // step_ms))) * step_ms
        found.append(Segment(at, at + length, text, name))
        at += length + draw(st.integers(0, 900 // step_ms)) * step_ms
    return tuple(found)


def _clock(ms: int, mark: str = ",", digits: int = 3) -> str:
    seconds, left = divmod(ms, 1_000)
    fraction = f"{left:03}"[:digits]
    return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{fraction}"


def _subrip(said: tuple[Segment, ...]) -> str:
    return "\n".join(
        f"{at}\n{_clock(one.start_ms)} --> {_clock(one.end_ms)}\n{one.speaker}: {one.text}\n"
        for at, one in enumerate(said, 1)
    )


def _sbv(said: tuple[Segment, ...]) -> str:
    rows = (f"{_clock(one.start_ms, '.')},{_clock(one.end_ms, '.')}\n{one.speaker}: {one.text}\n" for one in said)
    return "\n".join(rows)


def _ttml(said: tuple[Segment, ...]) -> str:
    rows = "".join(
        f'<p begin="{_clock(one.start_ms, ".")}" end="{_clock(one.end_ms, ".")}">{one.speaker}: {escape(one.text)}</p>'
        for one in said
    )
    return f'<tt xmlns="http://www.w3.org/ns/ttml"><body><div>{rows}</div></body></tt>'


def _substation(said: tuple[Segment, ...]) -> str:
    head = (
        "[Script Info]\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )
    return head + "\n".join(
        f"Dialogue: 0,{_clock(one.start_ms, '.', 2)},{_clock(one.end_ms, '.', 2)},Default,{one.speaker},0,0,0,,{one.text}"
        for one in said
    )


def _csv(said: tuple[Segment, ...]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["start", "end", "speaker", "text"])
    writer.writerows([one.start_ms / 1_000, one.end_ms / 1_000, one.speaker, one.text] for one in said)
    return file.getvalue()


def _native(said: tuple[Segment, ...]) -> str:
    rows = [
        {"start": one.start_ms / 1_000, "end": one.end_ms / 1_000, "speaker": one.speaker, "text": one.text}
        for one in said
    ]
    return json.dumps({"segments": rows})


def _unknown(said: tuple[Segment, ...]) -> str:
    rows = [{"who": one.speaker, "begin": one.start_ms, "finish": one.end_ms, "utterance": one.text} for one in said]
    return json.dumps({"call": {"lines": rows}})


def _ranges(said: tuple[Segment, ...]) -> str:
    rows = (f"[{_clock(one.start_ms, '.')} --> {_clock(one.end_ms, '.')}] {one.speaker}: {one.text}" for one in said)
    return "\n".join(rows)


def _tsv(said: tuple[Segment, ...]) -> str:
    rows = [f"{one.start_ms}\t{one.end_ms}\t{one.speaker}\t{one.text}" for one in said]
    return "\n".join(["start_ms\tend_ms\tspeaker\ttext", *rows])


def _rows_of(
    said: tuple[Segment, ...], unit: int, text: str, start: str, end: str, who: str
) -> list[dict[str, object]]:
    return [
        {text: one.text, start: one.start_ms / unit, end: one.end_ms / unit, who: one.speaker} for one in said
    ]  # fmt: skip


def _whisper(said: tuple[Segment, ...]) -> str:
    rows = _rows_of(said, 1_000, "text", "start", "end", "speaker")
    return json.dumps({"task": "transcribe", "text": "…", "segments": [{**row, "seek": 0} for row in rows]})


def _assemblyai(said: tuple[Segment, ...]) -> str:
    rows = _rows_of(said, 1, "text", "start", "end", "speaker")
    return json.dumps({"status": "completed", "text": "…", "words": [], "utterances": rows})


def _deepgram(said: tuple[Segment, ...]) -> str:
    rows = _rows_of(said, 1_000, "transcript", "start", "end", "speaker")
    return json.dumps({"results": {"channels": [], "utterances": rows}})


def _podcast(said: tuple[Segment, ...]) -> str:
    return json.dumps(
        {"version": "1.0.0", "segments": _rows_of(said, 1_000, "body", "startTime", "endTime", "speaker")}
    )


def _omi(said: tuple[Segment, ...]) -> str:
    return json.dumps({"transcript_segments": _rows_of(said, 1_000, "text", "start", "end", "speaker")})


def _fireflies(said: tuple[Segment, ...]) -> str:
    return json.dumps(_rows_of(said, 1_000, "sentence", "start_time", "end_time", "speaker_name"))


def _gladia(said: tuple[Segment, ...]) -> str:
    rows = _rows_of(said, 1_000, "text", "start", "end", "speaker")
    return json.dumps({"result": {"transcription": {"utterances": rows}}})


def _whisper_cpp(said: tuple[Segment, ...]) -> str:
    rows = [
        {"offsets": {"from": one.start_ms, "to": one.end_ms}, "text": f" {one.text}", "speaker": one.speaker}
        for one in said
    ]
    return json.dumps({"result": {"language": "en"}, "transcription": rows})


WRITERS: dict[str, tuple[Callable[[tuple[Segment, ...]], str], int]] = {
    "webvtt": (render_webvtt, 1),
    "subrip": (_subrip, 1),
    "sbv": (_sbv, 1),
    "ttml": (_ttml, 1),
    "substation": (_substation, 10),
    "csv": (_csv, 1),
    "native": (_native, 1),
    "json-rows": (_unknown, 1),
    "time-ranges": (_ranges, 1),
    "tsv": (_tsv, 1),
    "whisper": (_whisper, 1),
    "whisper-cpp": (_whisper_cpp, 1),
    "assemblyai": (_assemblyai, 1),
    "deepgram": (_deepgram, 1),
    "podcast": (_podcast, 1),
    "omi": (_omi, 1),
    "fireflies": (_fireflies, 1),
    "gladia": (_gladia, 1),
}


@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=60)
@given(data=st.data())
def test_what_is_written_in_a_format_is_read_back(form: str, data: st.DataObject) -> None:
    write, step_ms = WRITERS[form]
    said = data.draw(transcripts(step_ms=step_ms))
    parsed = parse_transcript(write(said).encode())
    assert parsed.format == form
    assert parsed.segments == said
    assert parsed.warnings == ()


HEADS: dict[str, Callable[[Segment, str], str]] = {
    "name and time above": lambda one, at: f"{one.speaker}  {at}\n{one.text}\n",
    "time before name and words": lambda one, at: f"[{at}] {one.speaker}: {one.text}",
    "bold time and name": lambda one, at: f"**[{at}] {one.speaker}:** {one.text}\n",
    "name above time": lambda one, at: f"{one.speaker}\n{at}\n{one.text}",
    "time above name": lambda one, at: f"{at}\n{one.speaker}\n{one.text}\n",
    "time and name above": lambda one, at: f"{at} {one.speaker}\n{one.text}\n",
    "name with time in parentheses": lambda one, at: f"{one.speaker} ({at}): {one.text}",
    "tabs": lambda one, at: f"{at}\t{one.speaker}\t{one.text}",
}


@pytest.mark.parametrize("layout", HEADS)
@settings(max_examples=60)
@given(said=transcripts(step_ms=1_000))
def test_text_in_every_layout_of_heads_is_read_back(layout: str, said: tuple[Segment, ...]) -> None:
    text = "\n".join(HEADS[layout](one, _clock(one.start_ms, "", 0)) for one in said)
    parsed = parse_transcript(text.encode())
    assert [(one.start_ms, one.speaker, one.text) for one in parsed.segments] == [
        (one.start_ms, one.speaker, one.text) for one in said
    ]


@settings(max_examples=60)
@given(
    said=transcripts(),
    cut=st.integers(0, 4_000),
    junk=st.sampled_from(["-->", "00:00", "\n\n", "<v ", "{", "\x00", "9"]),
)
@pytest.mark.parametrize("form", WRITERS)
def test_a_damaged_file_stores_nothing_outside_its_own_times(
    form: str, said: tuple[Segment, ...], cut: int, junk: str
) -> None:
    text = WRITERS[form][0](said)
    at = cut % len(text)
    try:
        parsed = parse_transcript((text[:at] + junk + text[at:]).encode())
    except InvalidError:
        return
    if parsed.engine == "import":
        assert max(one.start_ms for one in parsed.segments) <= 100 * 3_600_000
        assert all(one.end_ms > one.start_ms for one in parsed.segments)
