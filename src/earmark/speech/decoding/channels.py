"""Decides what becomes of a file's two channels: two speakers, one recording, or one recording with crossed wires.

A call recorded with one person a channel is the case worth two channels: who speaks is known without guessing. There
one channel is loud while the other is near silence, now this one, now that one. In recordings of a room and in music
both channels rise and fall together, and in dual mono they are equal.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np

from earmark.speech.decoding.types import RATE

Use = Literal["both", "mix", "first", "second"]
Samples = np.ndarray[Any, np.dtype[np.int16]]

JUDGED_S: Final = 120
"""The decision rests on this much from the beginning of the file, wherever reading continues."""
_WINDOW: Final = RATE // 20
_FLOOR_DB: Final = -55.0
_RANGE_DB: Final = 35.0
_LOUDER_DB: Final = 10.0
_MIN_SHARE: Final = 0.6
_MIN_EACH_SHARE: Final = 0.05
_MIN_EACH_WINDOWS: Final = 6
_CANCELLED: Final = 0.05


def choose(pairs: Samples) -> Use:
    """Return how to use two channels.

    Windows of 50 ms count as active within 35 dB of the loudest. Both channels are used if in 60 % of the active
    windows one is louder by 10 dB, and each of them is in at least 5 % and 0.3 s. If the channels cancel each other
    out, as of a balanced cable with crossed wires, the louder is used alone. Otherwise they are mixed.

    Shapes: (samples, 2).
    """
    if len(pairs) < _WINDOW:
        return "mix"
    count = len(pairs) // _WINDOW
    windows = pairs[: count * _WINDOW].reshape(count, _WINDOW, 2)
    power = np.array([np.square(one, dtype=np.float32).mean(axis=0) for one in windows]) / 2.0**30
    if _is_split(10 * np.log10(power + 1e-10)):
        return "both"
    mixed = np.array([np.square(one.sum(axis=1, dtype=np.float32) / 2).mean() for one in windows]) / 2.0**30
    left, right = power.mean(axis=0)
    if mixed.mean() < _CANCELLED * (left + right) / 2:
        return "first" if left >= right else "second"
    return "mix"


def _is_split(level_db: np.ndarray[Any, Any]) -> bool:
    loudest = level_db.max(axis=1)
    is_active = loudest > max(_FLOOR_DB, float(loudest.max()) - _RANGE_DB)
    active = int(is_active.sum())
    lead = (level_db[:, 0] - level_db[:, 1])[is_active]
    first, second = int((lead >= _LOUDER_DB).sum()), int((lead <= -_LOUDER_DB).sum())
    enough = max(_MIN_EACH_WINDOWS, _MIN_EACH_SHARE * active)
    return first + second >= _MIN_SHARE * active and min(first, second) >= enough


def apply(use: Use, pairs: Samples) -> bytes:
    """Return two channels as they are used, interleaved."""
    if use == "both":
        return pairs.tobytes()
    if use == "mix":
        return ((pairs[:, 0].astype(np.int32) + pairs[:, 1]) >> 1).astype(np.int16).tobytes()
    return pairs[:, 0 if use == "first" else 1].tobytes()
