"""Two channels are two speakers, one recording, or one recording with crossed wires."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from earmark.speech.decoding.channels import apply, choose

RATE = 16_000
CHANCE = np.random.default_rng(5)


def voice(seconds: float) -> Any:
    """Noise that comes and goes four times a second, as syllables do. Shapes: (samples,)."""
    time = np.arange(int(seconds * RATE)) / RATE
    return 6_000 * CHANCE.standard_normal(len(time)) * np.abs(np.sin(2 * np.pi * 2 * time)) / 3


def turns(*lengths: float) -> Any:
    """Two people who speak in turns of some seconds. Shapes: (samples, 2)."""
    talk = np.zeros((int(sum(lengths) * RATE), 2))
    at = 0
    for number, length in enumerate(lengths):
        spoken = voice(length)
        talk[at : at + len(spoken), number % 2] = spoken
        at += len(spoken)
    return talk


def use(pairs: Any, noise: float = 10.0) -> str:
    noisy = pairs + noise * CHANCE.standard_normal(pairs.shape)
    return choose(np.clip(noisy, -32_768, 32_767).astype(np.int16))


def mixed(talk: Any, matrix: list[list[float]]) -> Any:
    return talk @ np.array(matrix)


def test_a_call_with_a_person_a_channel_uses_both() -> None:
    assert use(turns(5, 4, 8, 3, 6)) == "both"


def test_a_call_in_which_people_interrupt_each_other_uses_both() -> None:
    talk = turns(5, 4, 8, 3, 6)
    talk[: 6 * RATE, 1] += voice(6)
    assert use(talk) == "both"


def test_a_call_in_which_one_person_says_little_uses_both() -> None:
    assert use(turns(12, 1, 12, 1.5)) == "both"


def test_a_call_with_some_echo_of_the_other_uses_both() -> None:
    assert use(mixed(turns(5, 4, 8, 3), [[1, 0.15], [0.15, 1]])) == "both"


def test_a_room_recorded_in_stereo_is_mixed() -> None:
    assert use(mixed(turns(5, 4, 8, 3), [[1, 0.6], [0.5, 1]])) == "mix"


def test_music_is_mixed() -> None:
    time = np.arange(20 * RATE) / RATE
    left = sum(np.sin(2 * np.pi * tone * time) for tone in (220, 330, 440))
    right = sum(np.sin(2 * np.pi * tone * time + 1) for tone in (220, 277, 440))
    assert use(3_000 * np.stack([left, right], axis=1)) == "mix"


def test_the_same_in_both_channels_is_mixed() -> None:
    assert use(np.repeat(voice(20)[:, None], 2, axis=1)) == "mix"


@pytest.mark.parametrize("silent", [0, 1])
def test_a_microphone_on_one_channel_only_is_mixed(silent: int) -> None:
    talk = np.repeat(voice(20)[:, None], 2, axis=1)
    talk[:, silent] = 0
    assert use(talk) == "mix"


def test_silence_is_mixed() -> None:
    assert use(np.zeros((20 * RATE, 2))) == "mix"
    assert use(np.zeros((20 * RATE, 2)), noise=0) == "mix"


def test_nothing_is_mixed() -> None:
    assert choose(np.zeros((0, 2), dtype=np.int16)) == "mix"


@pytest.mark.parametrize(("right", "used"), [(-0.9, "first"), (-1.1, "second")])
def test_of_channels_that_cancel_each_other_out_the_louder_is_used(right: float, used: str) -> None:
    assert use(voice(20)[:, None] * np.array([1, right])) == used


def test_mixing_two_loud_channels_does_not_overflow() -> None:
    pairs = np.array([[32_767, 32_767], [-32_768, -32_768], [100, 300]], dtype=np.int16)
    assert np.frombuffer(apply("mix", pairs), dtype=np.int16).tolist() == [32_767, -32_768, 200]
    assert np.frombuffer(apply("second", pairs), dtype=np.int16).tolist() == [32_767, -32_768, 300]
    assert apply("both", pairs) == pairs.tobytes()
