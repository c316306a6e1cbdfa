"""Embeds texts with an OpenAI-compatible `/embeddings` server: Ollama, vLLM, llama.cpp, TEI, vendors."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from earmark.retrieval.embedding.embedders import EmbedderStoppedError, EmbedderUnavailableError
from earmark.retrieval.embedding.specs import EmbedderSpec

if TYPE_CHECKING:
    import httpx
    import numpy as np
    from numpy.typing import NDArray

_BATCH_TEXTS: Final = 64
_BATCH_CHARS: Final = 60_000
_MAX_CHARS: Final = 8_000
"""Length limit of one text; beyond it some servers truncate and others refuse."""
_ATTEMPTS: Final = 5
_QUERY_ATTEMPTS: Final = 2
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 20.0
_RETRIED_STATUSES: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class HttpEmbedder:
    """Embeds texts on a server. Safe to share between threads; called on worker threads only.

    Args:
        spec: the server and model; its name identifies model, size and prefixes.
        api_key: sent as a bearer token, never logged and never part of an error.
        timeout_s: for one request.
        first_pause_s: before the second attempt; doubled before each further one.
    """

    is_remote: Final = True

    def __init__(
        self, spec: EmbedderSpec, *, api_key: str | None, timeout_s: float, first_pause_s: float = _FIRST_PAUSE_S
    ) -> None:
        self.name: Final = spec.name_of("openai", f"{spec.model}@{(spec.base_url or '').rstrip('/')}")
        self._spec = spec
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._first_pause_s = first_pause_s
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None

    def stop(self) -> None:
        """Stop between two requests or attempts; the caller gets EmbedderStoppedError."""
        self._stopping.set()

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed passages. Shapes: N texts -> [N, dimensions], each row of length 1.

        Raises: EmbedderUnavailableError; EmbedderStoppedError.
        """
        import numpy as np

        prefixed = [self._spec.passage_prefix + text for text in texts]
        blocks = [self._embed(batch, _ATTEMPTS) for batch in _batches(prefixed)]
        return np.concatenate(blocks) if blocks else np.zeros((0, self._spec.dimensions or 1), np.float32)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embed a question. Shapes: one text -> [dimensions], of length 1. Tried at most twice: a person waits.

        Raises: EmbedderUnavailableError; EmbedderStoppedError.
        """
        vector: NDArray[np.float32] = self._embed([_sendable(self._spec.query_prefix + text)], _QUERY_ATTEMPTS)[0]
        return vector

    def _embed(self, texts: Sequence[str], attempts: int) -> NDArray[np.float32]:
        import httpx

        body: dict[str, Any] = {"model": self._spec.model, "input": list(texts), "encoding_format": "float"}
        if self._spec.dimensions:
            body["dimensions"] = self._spec.dimensions
        pause_s = self._first_pause_s
        for attempt in range(1, attempts + 1):
            try:
                response = self._connected().post("embeddings", json=body)
            except httpx.HTTPError as error:
                problem, asked_s = f"can't be reached ({type(error).__name__})", 0.0
            else:
                if response.status_code == httpx.codes.OK:
                    return _read_vectors(response, len(texts))
                problem, asked_s = f"answered {response.status_code}", _retry_after_s(response)
                if response.status_code not in _RETRIED_STATUSES:
                    break
            if attempt < attempts and self._stopping.wait(min(max(pause_s, asked_s), _LONGEST_PAUSE_S)):
                raise EmbedderStoppedError
            pause_s *= 2
        raise EmbedderUnavailableError(f"The embeddings server {problem}.")

    def _connected(self) -> httpx.Client:
        """Return the client, created on first use."""
        import httpx

        if self._stopping.is_set():
            raise EmbedderStoppedError
        with self._lock:
            if self._client is None:
                headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
                base_url = (self._spec.base_url or "").rstrip("/") + "/"
                self._client = httpx.Client(
                    base_url=base_url, headers=headers, timeout=self._timeout_s, trust_env=False
                )
            return self._client


def _sendable(text: str) -> str:
    """Truncate a text and replace invalid Unicode; replace an empty text by a space."""
    return text[:_MAX_CHARS].encode("utf-8", "replace").decode() or " "


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size_chars = 0
    for text in map(_sendable, texts):
        if batch and (len(batch) == _BATCH_TEXTS or size_chars + len(text) > _BATCH_CHARS):
            yield batch
            batch, size_chars = [], 0
        batch.append(text)
        size_chars += len(text)
    if batch:
        yield batch


def _retry_after_s(response: httpx.Response) -> float:
    wanted = response.headers.get("retry-after", "")
    return float(wanted) if wanted.isdigit() else 0.0


def _read_vectors(response: httpx.Response, count: int) -> NDArray[np.float32]:
    """Return the rows in order of `index`, normalised to length 1.

    Raises: EmbedderUnavailableError if the response isn't valid.
    """
    import numpy as np

    try:
        rows = sorted(response.json()["data"], key=lambda row: row["index"])
        vectors = np.array([row["embedding"] for row in rows], np.float32)
        is_whole = vectors.ndim == 2 and [row["index"] for row in rows] == list(range(count))
    except (ValueError, KeyError, TypeError) as error:
        raise EmbedderUnavailableError("The embeddings server sent an invalid response.") from error
    if not is_whole or not vectors.shape[1] or not np.isfinite(vectors).all():
        raise EmbedderUnavailableError("The embeddings server sent an invalid response.")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit
