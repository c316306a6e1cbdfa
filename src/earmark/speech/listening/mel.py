"""Log-mel spectrograms as Whisper was trained on them.

Source: https://github.com/openai/whisper/blob/main/whisper/audio.py; the filters are Slaney's (Auditory Toolbox, 1998).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from earmark.speech.listening.engine import RATE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FRAMES_PER_S: Final = 100
WINDOW_S: Final = 30
_WINDOW: Final = 400
_HOP: Final = RATE // FRAMES_PER_S
_LINEAR_HZ: Final = 200 / 3
"""A mel, below 1 kHz; above, 27 of them are a factor of 6.4."""
_LOG_FROM_HZ: Final = 1_000.0
_LOG_FROM_MEL: Final = 15.0
_RANGE: Final = 8.0
"""Powers of ten below the loudest that count."""


def log_mel(samples: NDArray[np.float32], bands: int) -> NDArray[np.float32]:
    """Return the spectrogram of at most 30 s, padded to 30 s. Shapes: [N] -> [1, bands, 3000]."""
    import numpy as np

    padded = np.pad(samples, (0, WINDOW_S * RATE - len(samples)))
    framed = np.lib.stride_tricks.sliding_window_view(np.pad(padded, _WINDOW // 2, mode="reflect"), _WINDOW)[::_HOP]
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    power = np.abs(np.fft.rfft(framed[: WINDOW_S * FRAMES_PER_S] * window, axis=1)).astype(np.float32) ** 2
    log = np.log10(np.maximum(mel_filters(bands) @ power.T, 1e-10))
    log = (np.maximum(log, log.max() - _RANGE) + 4) / 4
    return np.ascontiguousarray(log, np.float32)[None]


@cache
def mel_filters(bands: int) -> NDArray[np.float32]:
    """Return triangular filters of equal area. Shapes: -> [bands, 201]."""
    import numpy as np

    top = _LOG_FROM_MEL + np.log(RATE / 2 / _LOG_FROM_HZ) / (np.log(6.4) / 27)
    mels = np.linspace(0.0, top, bands + 2)
    edges = np.where(
        mels < _LOG_FROM_MEL, mels * _LINEAR_HZ, _LOG_FROM_HZ * np.exp(np.log(6.4) / 27 * (mels - _LOG_FROM_MEL))
    )
    bins = np.linspace(0.0, RATE / 2, _WINDOW // 2 + 1)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    return filters.astype(np.float32)
