"""Loops, tokens, plausibility, and the files of the models."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.speech import weights
from earmark.speech.catalogue import MODELS
from earmark.speech.listening.engine import Heard
from earmark.speech.listening.engines import BUILT_IN, ENGINES, load_engine, supports
from earmark.speech.listening.errors import SpeechUnavailableError
from earmark.speech.listening.loops import cut_loop, loop_length
from earmark.speech.listening.moonshine import parse_tokenizer
from earmark.speech.listening.plausible import Judge, is_plausible, plausibility, repetition
from earmark.speech.weights import WEIGHTS, find_weights, read_weight, shared_folder, unpack


class _Engine:
    least_confidence = 0.5
    is_judge_of_language = True

    def transcribe(self, samples: object, language: str | None) -> Heard:
        raise AssertionError("not called")


def test_a_phrase_repeated_over_and_over_is_cut_to_one() -> None:
    tokens = [7, 8] + [1, 2, 3] * 4
    assert tokens[: -loop_length(tokens)] == [7, 8, 1, 2, 3]


@pytest.mark.parametrize("tokens", [[], [5], [5] * 11, [1, 2, 3] * 3, list(range(40)), [1, 2] * 5])
def test_a_few_repetitions_are_speech(tokens: list[int]) -> None:
    assert loop_length(tokens) == 0


@given(st.lists(st.integers(0, 3), max_size=60))
def test_a_loop_is_shorter_than_the_text_that_it_ends(tokens: list[int]) -> None:
    assert 0 <= loop_length(tokens) < max(1, len(tokens))


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=30))
def test_tokens_are_read_as_they_were_written(pieces: list[bytes]) -> None:
    written = b"".join(_length(len(piece)) + piece for piece in pieces)
    assert parse_tokenizer(written) == pieces


def _length(size: int) -> bytes:
    return bytes([size]) if size < 128 else bytes([size % 128 + 128, size // 128])


def test_repetition_lowers_plausibility() -> None:
    phrase = "the police say that the police are there "
    assert plausibility(Heard("the old bridge has to be repaired", "en", 0.8)) == 0.8
    assert plausibility(Heard(phrase * 5, "en", 0.8)) < 0.5
    assert repetition([]) == repetition(["one"]) == 0


def test_text_without_words_or_with_too_many_is_not_shown() -> None:
    engine = _Engine()
    assert is_plausible(Heard("Yes.", "en", 0.9), 300, engine)
    assert not is_plausible(Heard(" ...", "en", 0.9), 3_000, engine)
    assert not is_plausible(Heard("word " * 40, "en", 0.9), 1_000, engine)
    assert not is_plausible(Heard("the house of the ambience", "en", 0.2), 3_000, engine)


def test_the_language_is_decided_by_the_first_twenty_seconds_of_speech() -> None:
    good, bad = Heard("we met on Monday", "en", 0.9), Heard("the house of ambience", "en", 0.3)
    judge = Judge(_Engine())
    judge.take(good, 15_000)
    assert judge.verdict is None
    judge.take(good, 6_000)
    assert judge.verdict is True
    judge.take(bad, 60_000)
    assert judge.finish()
    judge = Judge(_Engine())
    judge.take(bad, 21_000)
    assert judge.verdict is False


def test_less_speech_decides_early_for_the_engine_only() -> None:
    good, bad = Heard("we met on Monday", "en", 0.9), Heard("the house of ambience", "en", 0.3)
    for heard, speech_ms, verdict in ((good, 4_000, None), (good, 6_000, True), (bad, 15_000, None)):
        judge = Judge(_Engine())
        judge.take(heard, speech_ms)
        judge.trust_early()
        assert judge.verdict is verdict


def test_less_than_a_second_of_speech_is_no_reason_to_refuse() -> None:
    judge = Judge(_Engine())
    judge.take(Heard("uh", "en", 0.1), 600)
    assert judge.finish()


def test_only_english_is_built_in() -> None:
    assert supports(BUILT_IN, None)
    assert supports(BUILT_IN, "en-GB")
    assert not supports(BUILT_IN, "de")
    assert supports("whisper-base", "de-AT")
    assert supports("parakeet-v3", "uk")
    assert not supports("parakeet-v3", "ja")
    assert {name for name in ENGINES if name not in MODELS} == {BUILT_IN}


def test_a_loop_in_the_middle_ends_the_text() -> None:
    assert cut_loop([7, 8, *[1, 2, 3] * 9, 9]) == ([7, 8, 1, 2, 3], True)
    assert cut_loop([1, 2, 3]) == ([1, 2, 3], False)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_an_engine_without_its_model_or_package_says_how_to_get_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(SpeechUnavailableError, match=r"earmark models pull|earmark\["):
        load_engine(name, tmp_path)


def test_the_installed_files_are_the_pinned_ones() -> None:
    folder = find_weights(None)
    assert folder == shared_folder()
    assert all(read_weight(folder, name) for name in WEIGHTS)


@pytest.mark.parametrize("name", sorted(WEIGHTS))
def test_a_changed_file_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(read_weight(shared_folder(), name)[:-1] + b"x")
    with pytest.raises(SpeechUnavailableError, match="damaged or of another version"):
        read_weight(tmp_path, name)


def test_a_folder_without_the_files_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SpeechUnavailableError, match=r"encoder_model\.ort is missing"):
        find_weights(tmp_path)
    with pytest.raises(SpeechUnavailableError):
        load_engine(BUILT_IN, tmp_path)


def _wheel(folder: Path, name: str, package: str, *, broken: bool = False) -> None:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for weight in WEIGHTS.values():
            if weight.package == package:
                content = read_weight(shared_folder(), weight.name)
                archive.writestr(weight.member, content[:10] if broken else content)
        archive.writestr(f"{package}-1.dist-info/licenses/LICENSE", "MIT License")
        archive.writestr(f"{package}/__init__.py", "raise RuntimeError('imported')")


def test_wheels_give_the_files_and_their_licences_and_nothing_else(tmp_path: Path) -> None:
    _wheel(tmp_path, "moonshine_voice-1-py3-none-any.whl", "moonshine_voice")
    _wheel(tmp_path, "silero_vad-1-py3-none-any.whl", "silero_vad")
    unpack(tmp_path, tmp_path / "into")
    unpack(tmp_path, tmp_path / "into")
    found = {path.name for path in (tmp_path / "into").iterdir()}
    assert found == {*WEIGHTS, "LICENSE-moonshine.txt", "LICENSE-silero-vad.txt"}
    assert find_weights(tmp_path / "into") == tmp_path / "into"


def test_a_wheel_with_another_file_is_refused(tmp_path: Path) -> None:
    _wheel(tmp_path, "moonshine_voice-1-py3-none-any.whl", "moonshine_voice", broken=True)
    with pytest.raises(SpeechUnavailableError, match="with the pinned digest"):
        unpack(tmp_path, tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


def test_an_installed_package_is_found_without_importing_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wheel in ("moonshine_voice", "silero_vad"):
        _wheel(tmp_path, f"{wheel}-1-py3-none-any.whl", wheel)
        with zipfile.ZipFile(tmp_path / f"{wheel}-1-py3-none-any.whl") as archive:
            archive.extractall(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(weights, "shared_folder", lambda: tmp_path / "nothing")
    folder = find_weights(None)
    assert folder == tmp_path / "site" / "moonshine_voice" / "assets" / "tiny-en"
    assert all(read_weight(folder, name) for name in WEIGHTS)
