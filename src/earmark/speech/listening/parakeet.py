"""Parakeet-TDT v3 by onnx-asr on onnxruntime: 25 European languages, times of tokens.

Source: https://huggingface.co/nvidia/parakeet-tdt-0.6b-v3 (Xu et al., arXiv:2304.06795).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from earmark.speech.catalogue import check_digests, find_pinned
from earmark.speech.listening.engine import RATE, Engine, Heard
from earmark.speech.listening.sessions import session_options
from earmark.speech.listening.token_words import TimedToken, join_tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KIND: Final = "nemo-conformer-tdt"
_LEAST_SAMPLES: Final = RATE // 5
_TOKEN_MS: Final = 240
"""A token lasts at most so long: three of the encoder's frames."""


class Parakeet:
    """A Parakeet model in ONNX format; it does not say which language it heard, and takes no vocabulary."""

    least_confidence: Final = 0.4
    is_judge_of_language: Final = False

    def __init__(self, folder: Path) -> None:
        import onnx_asr

        self._model = onnx_asr.load_model(
            _KIND, folder, quantization="int8", sess_options=session_options(), providers=["CPUExecutionProvider"]
        ).with_timestamps()

    def transcribe(self, samples: NDArray[np.float32], language: str | None) -> Heard:
        """Transcribe at most 30 s."""
        import numpy as np

        if len(samples) < _LEAST_SAMPLES:
            samples = np.pad(samples, (0, _LEAST_SAMPLES - len(samples)))
        found = self._model.recognize(samples, sample_rate=RATE)
        pieces, log_likelihoods = found.tokens or [], found.logprobs or []
        if not pieces or len(log_likelihoods) != len(pieces):
            return Heard(found.text.strip(), language, None, ())
        starts = [round(at_s * 1_000) for at_s in found.timestamps or [0.0] * len(pieces)]
        ends = [*starts[1:], len(samples) * 1_000 // RATE]
        tokens = [
            TimedToken(text, start, max(start, min(end, start + _TOKEN_MS)), math.exp(min(0.0, log_likelihood)))
            for text, start, end, log_likelihood in zip(pieces, starts, ends, log_likelihoods, strict=True)
        ]
        mean = sum(min(0.0, one) for one in log_likelihoods) / len(log_likelihoods)
        return Heard(" ".join(found.text.split()), language, math.exp(mean), join_tokens(tokens, has_spaces=True))


def open_engine(name: str, folder: Path | None, vocabulary: Sequence[str]) -> Engine:
    """Load the model from its folder.

    Raises: SpeechUnavailableError.
    """
    return Parakeet(check_digests(folder, find_pinned(name)))
