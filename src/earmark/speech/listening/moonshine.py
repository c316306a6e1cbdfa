"""Moonshine tiny-en on onnxruntime: English, 27 M parameters, greedy decoding.

Source: Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice Commands", arXiv:2410.15608.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from earmark.speech.listening.engine import RATE, Engine, Heard
from earmark.speech.listening.loops import loop_length
from earmark.speech.listening.sessions import open_session
from earmark.speech.weights import DECODER, ENCODER, TOKENIZER, find_weights, read_weight

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_START_TOKEN: Final = 1
_END_TOKEN: Final = 2
_FIRST_TEXT_TOKEN: Final = 3
_LAYERS: Final = 6
_HEADS: Final = 8
_HEAD_SIZE: Final = 36
_TOKENS_PER_S: Final = 6.5
"""More tokens a second than this are repetition, by the model's authors."""
_LEAST_TOKENS: Final = 4
_LEAST_SAMPLES: Final = RATE // 5
"""The encoder's convolutions need about this many."""


class Moonshine:
    """The built-in engine.

    Raises: SpeechUnavailableError if a file of the model is missing or not the pinned one.
    """

    least_confidence: Final = 0.55
    is_judge_of_language: Final = True

    def __init__(self, folder: Path) -> None:
        self._pieces = parse_tokenizer(read_weight(folder, TOKENIZER))
        self._encoder = open_session(read_weight(folder, ENCODER))
        self._decoder = open_session(read_weight(folder, DECODER))
        self._caches = [
            f"{layer}.{side}.{part}"
            for layer in range(_LAYERS)
            for side in ("decoder", "encoder")
            for part in ("key", "value")
        ]

    def transcribe(self, samples: NDArray[np.float32], language: str | None) -> Heard:
        """Transcribe at most 30 s of English."""
        import numpy as np

        if len(samples) < _LEAST_SAMPLES:
            samples = np.pad(samples, (0, _LEAST_SAMPLES - len(samples)))
        most = max(_LEAST_TOKENS, int(len(samples) / RATE * _TOKENS_PER_S))
        tokens, log_likelihood, is_loop = self._decode(self._encode(samples), len(samples), most)
        mean = log_likelihood / (len(tokens) + 1)
        return Heard(self._text_of(tokens), "en", float(np.exp(mean)), is_loop=is_loop)

    def _encode(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        import numpy as np

        batch = samples.reshape(1, -1)
        inputs = {"input_values": batch, "attention_mask": np.ones(batch.shape, np.int64)}
        hidden: NDArray[np.float32] = self._encoder.run(None, inputs)[0]
        return hidden

    def _decode(
        self, hidden: NDArray[np.float32], sample_count: int, most_tokens: int
    ) -> tuple[list[int], float, bool]:
        """Return the tokens of greatest likelihood, the sum of their log-likelihoods, and whether they loop."""
        import numpy as np

        none = np.zeros((1, _HEADS, 0, _HEAD_SIZE), np.float32)
        cache = dict.fromkeys(self._caches, none)
        fixed = {
            "encoder_hidden_states": hidden,
            "encoder_attention_mask": np.ones((1, sample_count), np.int64),  # the graph itself reduces it to frames
        }
        token, tokens, log_likelihood = _START_TOKEN, [], 0.0
        for step in range(most_tokens):
            inputs: dict[str, object] = {f"past_key_values.{name}": value for name, value in cache.items()}
            inputs |= fixed | {"input_ids": np.array([[token]]), "use_cache_branch": np.array([step > 0])}
            logits, *caches = self._decoder.run(None, inputs)
            for name, value in zip(self._caches, caches, strict=True):
                if step == 0 or ".decoder." in name:  # the encoder's part doesn't change after the first step
                    cache[name] = value
            scores = logits[0, -1]
            token = int(scores.argmax())
            log_likelihood -= float(np.log(np.exp(scores - scores[token]).sum()))
            if token == _END_TOKEN:
                break
            tokens.append(token)
            if loop := loop_length(tokens):
                return tokens[:-loop], log_likelihood, True
        return tokens, log_likelihood, False

    def _text_of(self, tokens: list[int]) -> str:
        pieces = (self._pieces[token] for token in tokens if token >= _FIRST_TEXT_TOKEN)
        text = b"".join(pieces).decode(errors="replace")
        return text.replace("\u2581", " ").replace("\ufffd", "").strip()


def parse_tokenizer(content: bytes) -> list[bytes]:
    """Return the tokens' bytes: each is preceded by its length in one byte, or two from 128 on."""
    pieces = []
    at = 0
    while at < len(content):
        size = content[at]
        at += 1
        if size >= 128:
            size = (content[at] << 7) + size - 128
            at += 1
        pieces.append(content[at : at + size])
        at += size
    return pieces


def open_engine(name: str, folder: Path | None, vocabulary: Sequence[str]) -> Engine:
    """Load the model from its folder; there is one model, which has no use for a vocabulary.

    Raises: SpeechUnavailableError.
    """
    return Moonshine(find_weights(folder))
