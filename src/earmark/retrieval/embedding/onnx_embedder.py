"""Embeds texts with an ONNX export of a sentence-transformers model, configured by its folder.

Files: `model.onnx` (or `onnx/model.onnx`), `tokenizer.json`, and if present `modules.json`, the pooling module's
`config.json`, `sentence_bert_config.json` and `config_sentence_transformers.json`.
Source: https://sbert.net/docs/sentence_transformer/usage/efficiency.html (the layout of an exported model)
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from earmark.retrieval.embedding.embedders import (
    EmbedderStoppedError,
    EmbedderUnavailableError,
    encodable,
    token_batches,
)
from earmark.retrieval.embedding.specs import EmbedderSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_TOKENS: Final = 512
_POOLINGS: Final = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
    "pooling_mode_lasttoken": "last",
}
_HANDLED: Final = ("Transformer", "Pooling", "Normalize")
_QUERY_PROMPTS: Final = ("query", "Retrieval-query", "search_query")
_PASSAGE_PROMPTS: Final = ("document", "passage", "Retrieval-document", "search_document")
_PAD_TOKENS: Final = ("[PAD]", "<pad>")


@dataclass(frozen=True, slots=True)
class FolderConfig:
    """The settings in a model's folder that determine its vectors."""

    graph: Path
    pooling: str = "mean"
    max_tokens: int = _MOST_TOKENS
    is_lower_case: bool = False
    query_prefix: str = ""
    passage_prefix: str = ""


def read_folder(folder: Path) -> FolderConfig:
    """Read a model's configuration files.

    Raises: EmbedderUnavailableError if there is no model, or an unsupported module.
    """
    graph = next((path for path in (folder / "model.onnx", folder / "onnx" / "model.onnx") if path.is_file()), None)
    if graph is None or not (folder / "tokenizer.json").is_file():
        raise EmbedderUnavailableError("The embedder's folder has no model.onnx with a tokenizer.json.")
    modules = _read_json(folder / "modules.json") or []
    kinds = [str(module.get("type", "")).rpartition(".")[2] for module in modules]
    unknown = [kind for kind in kinds if kind not in _HANDLED]
    if unknown:
        raise EmbedderUnavailableError(f"The embedder's folder has a module that isn't supported: {unknown[0]}.")
    at = next((module["path"] for module, kind in zip(modules, kinds, strict=True) if kind == "Pooling"), "1_Pooling")
    bert = _read_json(folder / "sentence_bert_config.json") or {}
    prompts = (_read_json(folder / "config_sentence_transformers.json") or {}).get("prompts") or {}
    return FolderConfig(
        graph,
        pooling=_pooling_of(_read_json(folder / at / "config.json") or {"pooling_mode_mean_tokens": True}),
        max_tokens=min(int(bert.get("max_seq_length") or _MOST_TOKENS), _MOST_TOKENS),
        is_lower_case=bool(bert.get("do_lower_case")),
        query_prefix=_prompt_of(prompts, _QUERY_PROMPTS),
        passage_prefix=_prompt_of(prompts, _PASSAGE_PROMPTS),
    )


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except ValueError as error:
        raise EmbedderUnavailableError(f"The embedder's {path.name} isn't JSON.") from error


def _pooling_of(config: dict[str, Any]) -> str:
    chosen = [pooling for key, pooling in _POOLINGS.items() if config.get(key)]
    if len(chosen) != 1:
        raise EmbedderUnavailableError("The embedder's pooling isn't one of mean, cls, max, mean_sqrt_len, last.")
    return chosen[0]


def _prompt_of(prompts: dict[str, str], names: Sequence[str]) -> str:
    return next((prompts[name] for name in names if prompts.get(name)), "")


class OnnxEmbedder:
    """Runs the folder's graph on onnxruntime. Safe to share between threads; loads once, on first use.

    Args:
        spec: `path` is the folder; its prefixes, if given, override the folder's.
        threads: how many cores one call may use.

    Raises: EmbedderUnavailableError as `read_folder` does.
    """

    is_remote: Final = False

    def __init__(self, spec: EmbedderSpec, *, threads: int = 1) -> None:
        self._folder = Path(spec.path or "")
        config = read_folder(self._folder)
        self._config = replace(
            config,
            query_prefix=spec.query_prefix or config.query_prefix,
            passage_prefix=spec.passage_prefix or config.passage_prefix,
        )
        self.name: Final = spec.name_of("onnx", f"{_digest(self._config)[:16]}/{self._config.pooling}")
        self._threads = threads
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def stop(self) -> None:
        """Stop between two batches; the caller gets EmbedderStoppedError."""
        self._stopping.set()

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed passages. Shapes: N texts -> [N, dimensions], each row of length 1."""
        return self._encode([self._config.passage_prefix + text for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embed a question. Shapes: one text -> [dimensions], of length 1."""
        vector: NDArray[np.float32] = self._encode([self._config.query_prefix + text])[0]
        return vector

    def _encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np

        session, tokenizer = self._load()
        clipped = [encodable(text.lower() if self._config.is_lower_case else text) for text in texts]
        # A tokenizer may return no token for a text; one padding token replaces it.
        ids = [encoding.ids or [0] for encoding in tokenizer.encode_batch_fast(clipped)]
        vectors: dict[int, NDArray[np.float32]] = {}
        for batch in token_batches([len(row) for row in ids]):
            if self._stopping.is_set():
                raise EmbedderStoppedError
            found = self._run(session, tokenizer, [ids[index] for index in batch])
            vectors |= dict(zip(batch, found, strict=True))
        if not vectors:
            return np.zeros((0, 1), np.float32)
        return np.stack([vectors[index] for index in range(len(ids))])

    def _run(self, session: Any, tokenizer: Any, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        import numpy as np

        width = max(map(len, rows))
        pad = next((at for at in map(tokenizer.token_to_id, _PAD_TOKENS) if at is not None), 0)
        mask = np.array([[1] * len(row) + [0] * (width - len(row)) for row in rows], np.int64)
        given = {
            "input_ids": np.array([[*row, *[pad] * (width - len(row))] for row in rows], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        wanted = {one.name for one in session.get_inputs()}
        out = session.run(None, {name: value for name, value in given.items() if name in wanted})[0]
        pooled = out if out.ndim == 2 else _pool(out, mask, self._config.pooling)
        lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
        unit: NDArray[np.float32] = (pooled / np.where(lengths > 0, lengths, 1)).astype(np.float32)
        return unit

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _open_session(self._config.graph, self._threads), self._open_tokenizer()
            return self._loaded

    def _open_tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(self._config.max_tokens)
        return tokenizer


def _open_session(graph: Path, threads: int) -> Any:
    import onnxruntime as ort
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except (
        errors.Fail,
        errors.InvalidArgument,
        errors.InvalidGraph,
        errors.InvalidProtobuf,
        errors.NoSuchFile,
        errors.NotImplemented,
        errors.RuntimeException,
    ) as error:  # onnxruntime's errors share no base class
        raise EmbedderUnavailableError("The embedder's model.onnx can't be loaded.") from error


def _pool(tokens: NDArray[np.float32], mask: NDArray[np.int64], pooling: str) -> NDArray[np.float32]:
    """Pool token vectors. Shapes: [N, T, d], [N, T] -> [N, d]."""
    import numpy as np

    seen = mask[:, :, None].astype(np.float32)
    if pooling == "cls":
        pooled: NDArray[np.float32] = tokens[:, 0]
    elif pooling == "last":
        pooled = tokens[np.arange(len(tokens)), mask.sum(1) - 1]
    elif pooling == "max":
        pooled = np.where(seen > 0, tokens, -np.inf).max(1)
    else:
        counts = seen.sum(1)
        pooled = (tokens * seen).sum(1) / (np.sqrt(counts) if pooling == "mean_sqrt_len" else counts)
    return pooled


def _digest(config: FolderConfig) -> str:
    """Return a hash of the graph, its weights, and the settings that determine vectors."""
    way = (config.max_tokens, config.is_lower_case, config.query_prefix, config.passage_prefix)
    digest = hashlib.sha256(repr(way).encode())
    for path in (config.graph, config.graph.with_name(config.graph.name + "_data")):
        if path.is_file():
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
