"""Whisper's real weights: words, times, language, vocabulary, and a transcription by a server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.speech_material import TWO_CITIES, read_wave
from bench.word_errors import align, normalise

from earmark.speech.catalogue import folder_of
from earmark.speech.listening.engines import load_engine
from tests.speech.conftest import SAMPLES, Listened, header

RATE = 16_000


def _listen(data_dir: Path, engine: str, samples: np.ndarray[Any, Any], *options: str) -> Listened:
    command = [sys.executable, "-m", "earmark.speech.listening", "--engine", engine]
    voice_dir = Path(sys.prefix) / "share" / "earmark" / "speech"
    command += ["--models-dir", str(folder_of(data_dir, engine)), "--voice-dir", str(voice_dir), *options]
    done = subprocess.run(command, input=header() + samples.tobytes(), capture_output=True, timeout=300)
    return Listened([json.loads(line) for line in done.stdout.splitlines()], done.returncode)


@pytest.fixture(scope="module")
def samples() -> np.ndarray[Any, Any]:
    """Two seconds of silence, then 44 s of read English."""
    return np.concatenate([np.zeros(2 * RATE, np.int16), read_wave(SAMPLES / "two_cities.wav")])


@pytest.mark.parametrize("engine", ["whisper-tiny.en", "whisper-base"])
def test_read_english_is_heard_with_few_errors_and_with_times(
    data_dir: Path, samples: np.ndarray[Any, Any], engine: str
) -> None:
    heard = _listen(data_dir, engine, samples)
    wrong, places = align(normalise(TWO_CITIES), normalise(heard.text))
    assert heard.status == 0
    assert wrong <= len(places) * 0.05
    assert {chunk["language"] for chunk in heard.of("chunk")} == {"en"}
    times = [(one["start_ms"], one["end_ms"]) for one in heard.segments]
    assert times == sorted(times)
    assert 1_900 <= times[0][0] <= 3_500  # not in the silence before
    assert all(0.3 <= one["confidence"] <= 1 for one in heard.segments)


def test_words_of_an_engine_lie_within_the_speech_that_was_found(data_dir: Path, samples: np.ndarray[Any, Any]) -> None:
    engine = load_engine("whisper-base", folder_of(data_dir, "whisper-base"))
    heard = engine.transcribe(samples[: 20 * RATE].astype(np.float32) / 32_768, None)
    assert heard.words
    assert " ".join(word.text for word in heard.words) == heard.text
    assert all(word.start_ms <= word.end_ms <= 20_000 for word in heard.words)
    starts = [word.start_ms for word in heard.words]
    assert starts == sorted(starts)


def test_a_requested_language_is_used_and_a_vocabulary_changes_spelling(data_dir: Path) -> None:
    folder = folder_of(data_dir, "whisper-base")
    beckett = read_wave(SAMPLES / "beckett.wav").astype(np.float32) / 32_768
    assert load_engine("whisper-base", folder).transcribe(beckett, "de-AT").language == "de"
    plain = load_engine("whisper-base", folder).transcribe(beckett, "en")
    hinted = load_engine("whisper-base", folder, ["EVER TRIED", "EVER FAILED", "NO MATTER"]).transcribe(beckett, "en")
    assert "ever tried" in plain.text.lower()
    assert hinted.text != plain.text


@pytest.mark.parametrize("engine", ["whisper-tiny.en", "whisper-base"])
def test_silence_and_noise_give_no_words(data_dir: Path, engine: str) -> None:
    noise = (np.random.default_rng(1).normal(size=20 * RATE) * 2_000).astype(np.int16)
    for samples in (np.zeros(20 * RATE, np.int16), noise):
        assert _listen(data_dir, engine, samples).text == ""


def test_english_only_weights_refuse_other_languages_at_once(data_dir: Path, samples: np.ndarray[Any, Any]) -> None:
    heard = _listen(data_dir, "whisper-tiny.en", samples, "--language", "de")
    assert [one["code"] for one in heard.of("problem")] == ["language_not_supported"]
