"""The reader: a small model that scores whether each sentence of a window answers.

It is the encoder's own transformer (all-MiniLM-L6-v2) with low-rank updates trained by `scripts/train_reader.py`,
which read question and text together. The updates (`reader.npz`) are added to the installed weights at load, and the
merged weights are rounded to int8; `reader.onnx` is written by `scripts/build_encoder_graph.py`.
Source: Hu et al. 2021, arXiv:2106.09685 (low-rank adaptation); Clark and Gardner 2018, arXiv:1710.10723
    (one distribution over all that was found, and none of it).
"""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from earmark.answers.reader_input import ReaderInput, encode_windows
from earmark.answers.windows import Window
from earmark.retrieval.embedding.embedders import (
    open_session,
    open_tokenizer,
    read_encoder_weights,
    release_pages,
    token_batches,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_GRAPH: Final = Path(__file__).with_name("reader.onnx")
_CHANGES: Final = Path(__file__).with_name("reader.npz")
_DENSE: Final = (
    "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
    "intermediate.dense", "output.dense",
)  # fmt: skip
_LAYERS: Final = 6
_INT8: Final = 127
_OUT: Final = -30.0
"""The log-odds of a sentence that didn't fit the input."""


class Reader:
    """Scores windows. Safe to share between threads; loads on first use, once.

    Args:
        threads: how many cores one call may use.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def read(self, question: str, windows: Sequence[Window]) -> list[list[float]]:
        """Return the log-odds of each sentence of each window that it answers, against nothing answering.

        Raises: EmbedderUnavailableError if the encoder's weights are missing.
        """
        session, tokenizer = self._load()
        inputs = encode_windows(tokenizer, question, [window.sentences for window in windows])
        logits: dict[int, NDArray[np.float32]] = {}
        for batch in token_batches([len(one.ids) for one in inputs]):
            found = session.run(None, _tensors([inputs[at] for at in batch]))[0]
            logits |= dict(zip(batch, found, strict=True))
        return [_by_sentence(one, logits[at]) for at, one in enumerate(inputs)]

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                session = open_session(_GRAPH.read_bytes(), merged_weights(_CHANGES.read_bytes()), self._threads)
                release_pages()
                tokenizer = open_tokenizer()
                tokenizer.no_truncation()
                self._loaded = session, tokenizer
            return self._loaded


def _by_sentence(read: ReaderInput, logits: NDArray[np.float32]) -> list[float]:
    """Sum over each sentence's tokens in log space. Shapes: [tokens] -> [sentences]."""
    import numpy as np

    return [
        float(np.logaddexp.reduce(logits[start:end].astype(np.float64))) if end > start else _OUT
        for start, end in read.spans
    ]


def _tensors(inputs: Sequence[ReaderInput]) -> dict[str, NDArray[np.int64]]:
    import numpy as np

    width = max(len(one.ids) for one in inputs)
    ids, types, mask = (np.zeros((len(inputs), width), np.int64) for _ in range(3))
    for row, one in enumerate(inputs):
        size = len(one.ids)
        ids[row, :size] = one.ids
        types[row, one.question_size : size] = 1
        mask[row, :size] = 1
    return {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}


def merged_weights(changes: bytes) -> dict[str, NDArray[Any]]:
    """Merge the encoder's weights with the trained updates; quantise dense layers to int8.

    Units: a dense weight is `int8 * scale`; columns are outputs, as the quantised operator wants them.
    """
    import numpy as np

    with np.load(io.BytesIO(changes), allow_pickle=False) as file:
        learned = {name: file[name].astype(np.float32) for name in file.files}
    weights: dict[str, NDArray[Any]] = dict(read_encoder_weights())
    for layer in range(_LAYERS):
        for name in (f"encoder.layer.{layer}.{part}" for part in _DENSE):
            whole = weights.pop(f"{name}.weight") + learned.pop(f"{name}.up") @ learned.pop(f"{name}.down")
            weights |= _quantised(name, whole)
    return weights | learned


def _quantised(name: str, weight: NDArray[np.float32]) -> Mapping[str, NDArray[Any]]:
    """Quantise a weight matrix. Shapes: [out, in] -> int8 [in, out], float32 [out]."""
    import numpy as np

    scale = np.maximum(np.abs(weight).max(1), 1e-12) / _INT8
    steps = np.rint(weight / scale[:, None]).astype(np.int8)
    return {f"{name}.weight_int8": np.ascontiguousarray(steps.T), f"{name}.weight_scale": scale.astype(np.float32)}
