"""Whisper on CTranslate2: about 100 languages, beam search, times of words by cross-attention.

Source: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", arXiv:2212.04356.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tokenizers import Tokenizer

from earmark.speech.catalogue import check_digests, find_pinned
from earmark.speech.listening.engine import RATE, Engine, Heard, HeardWord
from earmark.speech.listening.loops import cut_loop
from earmark.speech.listening.mel import FRAMES_PER_S, log_mel
from earmark.speech.listening.token_words import TimedToken, decode_pieces, join_tokens
from earmark.speech.listening.whisper_languages import from_whisper, has_spaces, to_whisper

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BEAMS: Final = 5
_FRAME_MS: Final = 20
"""An alignment's unit: the encoder halves the spectrogram's frames."""
_LEAST_TOKENS, _TOKENS_PER_S, _MOST_TOKENS = 24, 16, 224
_VOCABULARY_TOKENS: Final = 200
_SURE: Final = 0.5
"""A passage is taken for another language than the recording's from this probability on."""
_SILENT: Final = 0.6
"""A passage that is probably none, by Whisper, has to be likely text, or it is none."""
_LIKELY: Final = -1.0
_NOTHING: Final = 0.01


class Whisper:
    """A Whisper model; `is_judge_of_language` for those that know English only.

    Args:
        folder: of the model's files, in CTranslate2's format.
        vocabulary: terms that may be said.
    """

    least_confidence: Final = 0.4

    def __init__(self, folder: Path, vocabulary: Sequence[str] = ()) -> None:
        import ctranslate2

        self._as_storage = ctranslate2.StorageView.from_array
        self._model = ctranslate2.models.Whisper(
            str(folder), device="cpu", compute_type="int8", inter_threads=1, intra_threads=1
        )
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._end = self._id("<|endoftext|>")
        self._before = self._preface(vocabulary)
        self._heard_s: Counter[str] = Counter()
        self.is_judge_of_language = not self._model.is_multilingual

    def transcribe(self, samples: NDArray[np.float32], language: str | None) -> Heard:
        """Transcribe at most 30 s."""
        encoded = self._model.encode(self._as_storage(log_mel(samples, self._model.n_mels)))
        code = self._language_of(encoded, language, len(samples) / RATE)
        start = [self._id("<|startoftranscript|>")]
        if self._model.is_multilingual:
            start += [self._id(f"<|{code}|>"), self._id("<|transcribe|>")]
        ids, mean, is_loop = self._decode(encoded, start, len(samples) / RATE)
        if not ids:
            return Heard("", None, None, ())
        words = self._timed(encoded, start, ids, len(samples), has_spaces=has_spaces(code))
        if is_loop:  # each repetition is more likely than the one before, and says nothing of the words
            mean = sum(math.log(max(word.confidence or 0.0, _NOTHING)) for word in words) / max(1, len(words))
        text = " ".join(self._tokenizer.decode(ids).split())
        return Heard(text, from_whisper(code), min(1.0, math.exp(mean)), words, is_loop)

    def _id(self, token: str) -> int:
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise ValueError(f"the model has no token {token}")
        return int(found)

    def _preface(self, vocabulary: Sequence[str]) -> list[int]:
        """Return the tokens that precede the audio's: Whisper takes the terms for what was said before."""
        if not vocabulary:
            return []
        ids = self._tokenizer.encode(" " + ", ".join(vocabulary), add_special_tokens=False).ids
        return [self._id("<|startofprev|>"), *ids[:_VOCABULARY_TOKENS]]

    def _language_of(self, encoded: Any, asked: str | None, length_s: float) -> str:
        """Return Whisper's code of the language: as asked, else as heard, else as most of the recording so far."""
        if not self._model.is_multilingual:
            return "en"
        if asked is not None:
            return to_whisper(asked)
        token, probability = self._model.detect_language(encoded)[0][0]
        code: str = token.strip("<|>")
        self._heard_s[code] += length_s * probability
        return code if probability >= _SURE else max(self._heard_s, key=self._heard_s.__getitem__)

    def _decode(self, encoded: Any, start: Sequence[int], length_s: float) -> tuple[list[int], float, bool]:
        """Return the tokens of text, their mean log-likelihood, and whether they loop."""
        prompt = [*self._before, *start, self._id("<|notimestamps|>")]
        most = min(_MOST_TOKENS, _LEAST_TOKENS + int(length_s * _TOKENS_PER_S))
        found = self._model.generate(
            encoded, [prompt], beam_size=_BEAMS, max_length=min(448, len(prompt) + most), return_scores=True,
            return_no_speech_prob=True,
        )[0]  # fmt: skip
        ids = [one for one in found.sequences_ids[0] if one < self._end]
        mean = found.scores[0] * len(found.sequences_ids[0]) / (len(found.sequences_ids[0]) + 1)
        if found.no_speech_prob > _SILENT and mean < _LIKELY:
            return [], mean, False
        kept, is_loop = cut_loop(ids)
        return kept, mean, is_loop

    def _timed(
        self, encoded: Any, start: Sequence[int], ids: list[int], count: int, *, has_spaces: bool
    ) -> tuple[HeardWord, ...]:
        frames = max(1, count * FRAMES_PER_S // RATE)
        found = self._model.align(encoded, list(start), [ids], [frames])[0]
        at_ms: dict[int, int] = {}
        for token, frame in found.alignments:
            at_ms.setdefault(token, frame * _FRAME_MS)
        length_ms = count * 1_000 // RATE
        starts = [min(length_ms, at_ms.get(index, length_ms)) for index in range(len(ids) + 1)]
        pieces = decode_pieces(ids, lambda some: self._tokenizer.decode(list(some)))
        tokens = [
            TimedToken(text, starts[index], max(starts[index], starts[index + 1]), probability)
            for index, (text, probability) in enumerate(zip(pieces, found.text_token_probs, strict=True))
        ]
        return join_tokens(tokens, has_spaces=has_spaces)


def open_engine(name: str, folder: Path | None, vocabulary: Sequence[str]) -> Engine:
    """Load a model from its folder.

    Raises: SpeechUnavailableError.
    """
    return Whisper(check_digests(folder, find_pinned(name)), vocabulary)
