"""Any bytes give valid segments or InvalidError, in linear time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.transcripts.examples import EXAMPLES
from tests.transcripts.test_word_documents import document, line, run

from earmark.errors import InvalidError
from earmark.transcripts import parse_transcript
from earmark.transcripts.limits import MAX_SEGMENTS, MAX_TIME_MS, count_units
from earmark.transcripts.types import ParsedTranscript

JSON, VTT, SRT, PLAIN = "application/json", "text/vtt", "application/x-subrip", "text/plain"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")


def check_promises(parsed: ParsedTranscript) -> None:
    assert parsed.segments
    starts = [segment.start_ms for segment in parsed.segments]
    assert starts == sorted(starts)
    for segment in parsed.segments:
        assert 0 <= segment.start_ms < segment.end_ms <= MAX_TIME_MS + MAX_SEGMENTS
        assert segment.text
        assert segment.text == segment.text.strip()
        assert count_units(segment.text) <= 10_000
        assert not _CONTROL.search(segment.text)
        segment.text.encode()  # no lone surrogate
        assert segment.speaker is None or 1 <= count_units(segment.speaker) <= 128
        assert segment.confidence is None or 0 <= segment.confidence <= 1
    assert parsed.engine in {"import", "import/estimated"}


def check(body: bytes, media_type: str) -> None:
    parsed = parse_or_refuse(body, media_type)
    if isinstance(parsed, InvalidError):
        assert re.fullmatch(r"[^\n]+\.", parsed.message)
    else:
        check_promises(parsed)


def parse_or_refuse(body: bytes, media_type: str) -> ParsedTranscript | InvalidError:
    try:
        return parse_transcript(body, media_type=media_type)
    except InvalidError as error:
        return error


SEGMENT = {"start": 0, "end": 1.5, "text": "Hi. There", "speaker": "Ada", "confidence": 0.5}
WORD = {"word": "Hi.", "start": 0, "end": 1.5, "confidence": 0.5, "speaker": 0}
GOOD: dict[str, tuple[str, Any]] = {
    "native": (
        JSON,
        {"language": "en", "segments": [SEGMENT, SEGMENT], "recorded_at": "2026-05-20T10:00:00Z"},
    ),
    "whisper": (
        JSON,
        {"text": "Hi.", "language": "english", "segments": [{**SEGMENT, "seek": 0, "tokens": [1]}]},
    ),
    "whisper_words": (JSON, {"task": "transcribe", "words": [WORD, WORD]}),
    "whisper_cpp": (JSON, {"transcription": [{"offsets": {"from": 0, "to": 5}, "text": "Hi."}]}),
    "deepgram": (JSON, {"results": {"channels": [{"alternatives": [{"words": [WORD]}]}]}}),
    "deepgram_paragraphs": (
        JSON,
        {"results": {"channels": [{"alternatives": [{"paragraphs": {"paragraphs": [{"sentences": [SEGMENT]}]}}]}]}},
    ),
    "deepgram_utterances": (
        JSON,
        {"results": {"channels": [], "utterances": [{**WORD, "transcript": "Hi."}]}},
    ),
    "assemblyai": (JSON, {"status": "completed", "text": "Hi.", "utterances": [SEGMENT], "words": [SEGMENT]}),
}
FILES: dict[str, tuple[str, bytes]] = {
    **{name: (media_type, json.dumps(document).encode()) for name, (media_type, document) in GOOD.items()},
    "webvtt": (
        VTT,
        b"WEBVTT\n\nNOTE x\n\n1\n00:01.000 --> 00:02.000\n<v Ada>a &amp; b</v>\n<v Bob>c\n"
        b"\n00:03.000 --> 00:04.000\nd",
    ),
    "subrip": (
        SRT,
        b"1\r\n00:00:01,000 --> 00:00:02,000\r\nAda: a\r\nBob: b\r\n"
        b"\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nc",
    ),
    "dialogue": (PLAIN, b"Ada: one\nBob: two three\nfour"),
    "timed": (PLAIN, b"[00:12:03] Ada: one\n(12:05) Bob: two\n12:07 three"),
    "prose": (PLAIN, "One. Two? Dr. Three… 我们。 हाँ।\n\nFour".encode()),
}  # fmt: skip
# One of every format, whatever it is called.
OTHERS: dict[str, bytes] = {
    **{one.format: one.body for one in EXAMPLES},
    "docx": document(*(line(run(text)) for text in ("Ines  0:00", "The hive is full.", "Tomas  0:02", "Bring it."))),
}
_JSON_ONES = [one.format for one in EXAMPLES if one.name.endswith(".json")]


@pytest.mark.parametrize("name", FILES)
def test_an_unchanged_valid_file_is_parsed(name: str) -> None:
    media_type, body = FILES[name]
    check_promises(parse_transcript(body, media_type=media_type))


# Fragments that mean something to one parser or another.
FRAGMENTS = [
    *(b"-->", b"\n", b"\r\n\r\n", b"<v ", b"</v>", b">", b"&#0;", b"&lt;", b": ", b"[00:00]", b"99:99", b"\t"),
    *(b'"', b"{", b"]", b"null", b"true", b"-1", b"1e999", b"1e9", b'"speaker":', b"\\u0000", b"\\ud800"),
    *(b"\x00", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\x85\xe2\x80\xa8", "。".encode(), "\U0001f600".encode()),
    *(b"x" * 10_001, b"A. " * 4_000, b"NOTE", b"WEBVTT"),
]
SPLICES = st.one_of(st.binary(max_size=4), st.sampled_from(FRAGMENTS))
MUTATIONS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 6), SPLICES), max_size=5)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=60, deadline=None)
@given(mutations=MUTATIONS)
def test_a_mutated_file_is_parsed_correctly_or_refused(name: str, mutations: list[tuple[int, int, bytes]]) -> None:
    media_type, body = FILES[name]
    for at, removed, splice in mutations:
        at %= len(body) + 1
        body = body[:at] + splice + body[at + removed :]
    check(body, media_type)


@pytest.mark.parametrize("name", OTHERS)
@settings(max_examples=20, deadline=None)
@given(mutations=MUTATIONS)
def test_a_mutated_file_of_any_format_is_parsed_correctly_or_refused(
    name: str, mutations: list[tuple[int, int, bytes]]
) -> None:
    body = OTHERS[name]
    for at, removed, splice in mutations:
        at = at * 7 % (len(body) + 1)
        body = body[:at] + splice + body[at + removed :]
    check(body, "application/octet-stream")


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), FLOATS, st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=4,
)


def _replace(value: Any, at: int, new: Any) -> tuple[Any, int]:
    """Replace the `at`-th value, counted depth first; return how many remain to count."""
    if at == 0:
        return new, -1
    at -= 1
    if isinstance(value, (dict, list)):
        pairs = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        for key, inner in pairs:
            replaced, at = _replace(inner, at, new)
            if at < 0:
                copy = dict(value) if isinstance(value, dict) else list(value)
                copy[key] = replaced
                return copy, -1
    return value, at


@pytest.mark.parametrize("name", GOOD)
@settings(max_examples=80, deadline=None)
@given(at=st.integers(0, 20), new=VALUES)
def test_json_with_any_value_anywhere_is_parsed_correctly_or_refused(name: str, at: int, new: Any) -> None:
    media_type, document = GOOD[name]
    check(json.dumps(_replace(document, at, new)[0]).encode(), media_type)


@pytest.mark.parametrize("name", [name for name, body in OTHERS.items() if name in _JSON_ONES])
@settings(max_examples=25, deadline=None)
@given(at=st.integers(0, 60), new=VALUES)
def test_json_of_any_vendor_with_any_value_anywhere_is_parsed_correctly_or_refused(
    name: str, at: int, new: Any
) -> None:
    check(json.dumps(_replace(json.loads(OTHERS[name]), at, new)[0]).encode(), JSON)


@pytest.mark.parametrize("media_type", [JSON, VTT, SRT, PLAIN])
@settings(max_examples=80, deadline=None)
@given(body=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_parsed_correctly_or_refused(media_type: str, body: bytes) -> None:
    check(body, media_type)
    if media_type == VTT:
        check(b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + body, media_type)


_SUBSTATION = "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Name, Text\n"


def _watson(text: str) -> dict[str, Any]:
    times = [[word, at, at + 0.5] for at, word in enumerate(text.split(" "))]
    return {"results": [{"final": True, "alternatives": [{"transcript": text, "timestamps": times}]}]}


def _in_json(key: str) -> Callable[[str], bytes]:
    return lambda text: json.dumps({"segments": [{"start": 0, "end": 9, "text": "a", key: text}]}).encode()


# What to wrap the adversarial line in, for each parser.
WRAPPERS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "json": (JSON, str.encode),
    "json_string": (JSON, lambda text: b'{"a:a":"' + text.encode()),
    "native_text": (JSON, _in_json("text")),
    "native_speaker": (JSON, _in_json("speaker")),
    "native_language": (JSON, lambda text: json.dumps({"segments": [SEGMENT], "language": text}).encode()),
    "webvtt_header": (VTT, lambda text: f"WEBVTT {text}\n{text}".encode()),
    "webvtt_times": (VTT, lambda text: f"WEBVTT\n\n00:01.000{text}-->{text}".encode()),
    "webvtt_payload": (VTT, lambda text: f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}".encode()),
    "webvtt_blocks": (VTT, lambda text: f"WEBVTT\n\n{text}".encode()),
    "subrip_times": (SRT, lambda text: f"1\n00:00:01,000{text}-->{text}".encode()),
    "subrip_payload": (SRT, lambda text: f"1\n00:00:01,000 --> 00:00:02,000\n{text}".encode()),
    "plain": (PLAIN, str.encode),
    "dialogue": (PLAIN, lambda text: f"Ada: {text}".encode()),
    "timed": (PLAIN, lambda text: f"[00:01]{text}".encode()),
    "sbv": (PLAIN, lambda text: f"0:00:00.000,0:00:02.000\n{text}".encode()),
    "time_ranges": (PLAIN, lambda text: f"[0.00s -> 2.00s] {text}".encode()),
    "ttml": (PLAIN, lambda text: f'<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml"><body>{text}'.encode()),
    "sami": (PLAIN, lambda text: f"<SAMI><BODY><SYNC Start=0><P Class=EN>{text}".encode()),
    "sami_syncs": (PLAIN, lambda text: f"<SAMI><BODY><SYNC {text}".encode()),
    "substation": (PLAIN, lambda text: f"{_SUBSTATION}Dialogue: 0,0:00:00.00,0:00:02.00,Ines,{text}".encode()),
    "lyrics": (PLAIN, lambda text: f"[00:01.00]Hello.\n[00:02.00]{text}".encode()),
    "csv": (PLAIN, lambda text: f"start,end,speaker,text\n0,1,Ines,{text}".encode()),
    "tsv": (PLAIN, lambda text: f"start\tend\ttext\n0\t1\t{text}".encode()),
    "heads": (PLAIN, lambda text: f"Ines Marlow  0:03\nYes.\n\nTomas Reyes  0:11\n{text}".encode()),
    "heading": (PLAIN, lambda text: f"{text}\n\nInes Marlow  0:03\nYes.\n\nTomas Reyes  0:11\nNo.".encode()),
    "date_name": (JSON, lambda text: json.dumps({"segments": [SEGMENT], "title": text, "date": text}).encode()),
    "rows": (JSON, lambda text: json.dumps([{"start": at, "text": text, "who": text} for at in (0, 9)]).encode()),
    "text_in_json": (JSON, lambda text: json.dumps({"transcript": text}).encode()),
    "participants": (JSON, lambda text: json.dumps({"segments": [SEGMENT], "participants": [text]}).encode()),
    "watson": (JSON, lambda text: json.dumps(_watson(text)).encode()),
    "docx": (PLAIN, lambda text: document(line(run(escape(text))))),
    "docx_markup": (PLAIN, document),
}
UNITS = [
    *(" ", "\t", "<", "<v ", "<a ", "</", "&", "&#1", "[", "[00:", "(0", "0", "1:", ":", "A:", "00:01 \n", "Ada: x\n"),
    *(".", ".'", ". ", "?\n \n", "\r\n ", "\r", "\n", "-->", " -->\n", "。", "A.", "\U0001f600", "a-"),
    *('\\"', '"', "\\", "{\\", "<!---->", "<!-- -->\n", "<b>", "1h ", "\t0\n", ",", ';"'),
]


def _seconds(body: bytes, media_type: str, *, runs: int) -> float:
    times: list[float] = []
    for _ in range(runs):
        began = time.process_time()
        check(body, media_type)
        times.append(time.process_time() - began)
    return min(times)


@pytest.mark.slow
@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_parsing_200_kb_of_a_repeated_pattern_takes_linear_time(wrapper: str) -> None:
    media_type, wrap = WRAPPERS[wrapper]
    for unit in UNITS:
        eighth = unit * (25_000 // len(unit))
        # Quadratic work on 200 KB takes many seconds, so what is quick needs no second look. Eight times the
        # text is 8 times linear work and 64 times quadratic: far enough apart for a machine with other work.
        if _seconds(wrap(eighth * 8), media_type, runs=1) > 0.6:
            ratio = _seconds(wrap(eighth * 8), media_type, runs=3) / _seconds(wrap(eighth), media_type, runs=3)
            assert ratio < 24, f"{wrapper}: {unit!r}"
