"""The listening process: samples in, lines out."""

from __future__ import annotations

import subprocess
import threading
from typing import Any

import numpy as np
import pytest

from tests.speech.conftest import COMMAND, RATE, Listened, header, listen, words

PCM = np.ndarray[Any, Any]


def test_read_speech_becomes_its_words(heard_two_cities: Listened) -> None:
    assert heard_two_cities.status == 0
    said = words(heard_two_cities.text)
    assert said[:12] == words("It was the best of times, it was the worst of times")
    assert said[-5:] == words("superlative degree of comparison only")


def test_each_sentence_is_a_segment_that_starts_when_it_is_said(heard_two_cities: Listened) -> None:
    starts = {segment["text"].split(",")[0]: segment["start_ms"] for segment in heard_two_cities.segments}
    assert abs(starts["It was the age of wisdom"] - 5_050) < 500
    assert abs(starts["In short"] - 29_150) < 500


def test_segments_are_in_order_within_their_chunk_and_none_overlap(heard_two_cities: Listened) -> None:
    at = 0
    for chunk in heard_two_cities.of("chunk"):
        assert at <= chunk["start_ms"] < chunk["end_ms"] == chunk["heard_until_ms"]
        for segment in chunk["segments"]:
            assert max(at, chunk["start_ms"]) <= segment["start_ms"] < segment["end_ms"] <= chunk["end_ms"]
            assert segment["speaker"] is None
            assert 0 < segment["confidence"] <= 1
            at = segment["end_ms"]


def test_the_end_tells_how_much_was_speech(heard_two_cities: Listened, two_cities: PCM) -> None:
    (end,) = heard_two_cities.of("end")
    length_ms = len(two_cities) * 1_000 // RATE
    assert length_ms <= end["heard_until_ms"] < length_ms + 32
    assert 25_000 < end["speech_ms"] < 40_000
    assert end["language"] == "en"


@pytest.mark.slow
def test_a_run_resumed_after_a_chunk_gives_the_same_rest(two_cities: PCM, beckett: PCM) -> None:
    whole = np.concatenate([beckett, two_cities, beckett])
    unbroken = listen(header() + whole.tobytes())
    chunks = unbroken.of("chunk")
    assert len(chunks) > 2
    cut_ms = chunks[0]["heard_until_ms"]
    resumed = listen(header() + whole[cut_ms * RATE // 1_000 :].tobytes(), "--start-ms", str(cut_ms))
    expected = [segment for chunk in chunks[1:] for segment in chunk["segments"]]
    assert words(resumed.text) == [word for segment in expected for word in words(segment["text"])]
    assert abs(resumed.segments[0]["start_ms"] - expected[0]["start_ms"]) <= 64


def test_two_channels_are_two_speakers_in_order_of_time(two_cities: PCM, beckett: PCM) -> None:
    silence = np.zeros_like(two_cities)
    left, right = silence.copy(), silence.copy()
    left[: len(beckett)] = beckett
    right[len(beckett) + RATE : 3 * len(beckett)] = two_cities[: 2 * len(beckett) - RATE]
    heard = listen(header(2) + np.stack([left, right], axis=1).tobytes())
    first = [segment for segment in heard.segments if segment["speaker"] == "channel-0"]
    second = [segment for segment in heard.segments if segment["speaker"] == "channel-1"]
    assert words(" ".join(one["text"] for one in first))[:4] == ["ever", "tried", "ever", "failed"]
    assert words(second[0]["text"])[:6] == ["it", "was", "the", "best", "of", "times"]
    starts = [segment["start_ms"] for segment in heard.segments]
    assert starts == sorted(starts)
    assert len(first) + len(second) == len(heard.segments)


def test_both_channels_may_speak_at_once(two_cities: PCM, beckett: PCM) -> None:
    other = np.zeros_like(two_cities)
    other[5 * RATE : 5 * RATE + len(beckett)] = beckett
    heard = listen(header(2) + np.stack([two_cities, other], axis=1).tobytes())
    second = " ".join(one["text"] for one in heard.segments if one["speaker"] == "channel-1")
    assert "tried" in words(second)
    until = [chunk["heard_until_ms"] for chunk in heard.of("chunk")]
    assert until == sorted(until)
    for before, chunk in zip(until, heard.of("chunk")[1:]):
        assert all(segment["start_ms"] >= before for segment in chunk["segments"])


def _sounds() -> dict[str, PCM]:
    random = np.random.default_rng(7)
    t = np.arange(20 * RATE) / RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * t) / k for k in (1, 3, 5)) * 6_000
    return {"silence": np.zeros(len(t)), "white noise": random.normal(size=len(t)) * 3_000, "hum": np.asarray(hum)}


@pytest.mark.parametrize("name", _sounds())
def test_no_words_are_invented_without_speech(name: str) -> None:
    heard = listen(header() + _sounds()[name].astype("<i2").tobytes())
    assert heard.status == 0
    assert heard.of("chunk") == []
    assert heard.of("end")[0]["speech_ms"] == 0


def test_speech_that_is_no_english_is_refused_rather_than_guessed(two_cities: PCM) -> None:
    heard = listen(header() + two_cities[::-1].astype("<i2").tobytes())  # speech backwards: no language at all
    assert heard.status == 1
    assert heard.of("chunk") == []
    assert heard.of("problem")[0]["code"] == "language_not_supported"


@pytest.mark.parametrize("language", ["de", "pt-BR", "zh-Hant"])
def test_a_requested_language_that_the_engine_does_not_know_is_refused(language: str) -> None:
    heard = listen(header(), "--language", language)
    assert heard.of("problem")[0]["code"] == "language_not_supported"


@pytest.mark.parametrize("language", ["en", "en-GB", "EN-us"])
def test_english_may_be_requested_with_a_region(language: str, beckett: PCM) -> None:
    heard = listen(header() + beckett.tobytes(), "--language", language)
    assert words(heard.text)[:2] == ["ever", "tried"]


@pytest.mark.parametrize(
    "given",
    [
        b"", b"\n", b"{}\n", b"[1]\n", b"null\n", b"\xff\xfe\x00\n", b"RIFF1234WAVEfmt ", header(3), header(0),
        header(rate=8_000), b'{"channels": true, "rate": 16000, "duration_ms": -1}\n', b"[" * 4_096, b"x" * 100_000,
        b'{"channels": 1, "rate": 16000, "duration_ms": "long"}\n',
    ],
)  # fmt: skip
def test_a_header_that_describes_no_samples_is_a_problem_and_no_crash(given: bytes) -> None:
    heard = listen(given)
    assert heard.status == 1
    assert heard.of("problem")[0]["code"] == "invalid_audio"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 1_023, 1_024, 1_025])
def test_a_few_samples_are_no_speech(size: int) -> None:
    heard = listen(header() + b"\x01" * size)
    assert heard.status == 0
    assert heard.of("end")[0]["speech_ms"] == 0


def test_a_stream_cut_within_a_sample_gives_what_was_there(beckett: PCM) -> None:
    heard = listen(header() + beckett.tobytes()[:-1])
    assert words(heard.text)[:4] == ["ever", "tried", "ever", "failed"]


def test_an_unknown_engine_is_unavailable() -> None:
    done = subprocess.run([*COMMAND[:-1], "nothing"], input=header(), capture_output=True)
    assert b'"engine_unavailable"' in done.stdout


def test_missing_weights_say_what_to_install(tmp_path: Any) -> None:
    heard = listen(header(), "--models-dir", str(tmp_path))
    (problem,) = heard.of("problem")
    assert problem["code"] == "engine_unavailable"
    assert "make install" in problem["message"]


def test_the_process_reports_progress_while_it_waits() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(header())
        process.stdin.flush()
        assert process.stdout.readline() == b'{"progress": {"heard_until_ms": 0, "looked_until_ms": 0}}\n'
        process.stdin.close()
        assert b'"end"' in process.stdout.read()


def test_clear_words_before_a_long_silence_are_said_before_its_end(two_cities: PCM) -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(header() + two_cities[: 12 * RATE].tobytes() + bytes(40 * RATE * 2))
        process.stdin.flush()  # and it stays open: the end is not known yet
        late = threading.Timer(120, process.kill)
        late.start()
        said = next((line for line in process.stdout if b"progress" not in line), b"")
        late.cancel()
        process.kill()
    assert b"best of times" in said
