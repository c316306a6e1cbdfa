#!/usr/bin/env python3
"""Writes `tests/retrieval/reference_vectors.json`: all-MiniLM-L6-v2 by an independent implementation.

Plain numpy in float64, directly from the safetensors file, without onnxruntime and our graph.
Only the tokenizer is shared. Run it again only when the texts change.

Source: Devlin et al. 2018, arXiv:1810.04805; Hendrycks and Gimpel 2016, arXiv:1606.08415 (GELU).
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from earmark.retrieval.embedding.embedders import find_model_dir

TARGET = Path(__file__).resolve().parent.parent / "tests/retrieval/reference_vectors.json"
TEXTS = [
    "hello world",
    "What did the project manager say about the budget?",
    "Um, I mean, we'd have it ready by the fourteenth, so no rush.\nFine by me.",
    "",
    "???",
    "Wer hat dem Umzug im März widersprochen?",
    "我们什么时候搬家？",
    "one two three four five six seven eight nine ten " * 40,
]
HEADS, WIDTH = 12, 32
Array = NDArray[np.float64]


def read_weights(path: Path) -> dict[str, Array]:
    """Read every float32 tensor of a safetensors file, as float64."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    weights: dict[str, Array] = {}
    for name, tensor in json.loads(content[8:start]).items():
        if tensor.get("dtype") == "F32":
            first, last = tensor["data_offsets"]
            values = np.frombuffer(content[start + first : start + last], "<f4")
            weights[name] = values.reshape(tensor["shape"]).astype(np.float64)
    return weights


def encode(weights: dict[str, Array], ids: list[int]) -> Array:
    """Encode one text. Shapes: T token ids -> [384], of length 1."""

    def dense(name: str, x: Array) -> Array:
        product: Array = x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
        return product

    def norm(name: str, x: Array) -> Array:
        spread = np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        centred: Array = (x - x.mean(-1, keepdims=True)) / spread
        return centred * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    words = weights["embeddings.word_embeddings.weight"][ids]
    places = weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm("embeddings.LayerNorm", words + places + weights["embeddings.token_type_embeddings.weight"][0])
    erf = np.vectorize(math.erf)
    for index in range(6):
        layer = f"encoder.layer.{index}"
        roles = [dense(f"{layer}.attention.self.{role}", x) for role in ("query", "key", "value")]
        query, key, value = (part.reshape(-1, HEADS, WIDTH).swapaxes(0, 1) for part in roles)
        scores = np.exp(query @ key.swapaxes(1, 2) / math.sqrt(WIDTH))
        context = (scores / scores.sum(-1, keepdims=True) @ value).swapaxes(0, 1).reshape(x.shape)
        x = norm(f"{layer}.attention.output.LayerNorm", dense(f"{layer}.attention.output.dense", context) + x)
        inner = dense(f"{layer}.intermediate.dense", x)
        inner = inner * (1 + erf(inner / math.sqrt(2))) / 2
        x = norm(f"{layer}.output.LayerNorm", dense(f"{layer}.output.dense", inner) + x)
    mean: Array = x.mean(0)
    mean /= np.linalg.norm(mean)
    return mean


def main() -> None:
    """Write the file."""
    folder = find_model_dir()
    weights = read_weights(folder / "model.safetensors")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    rows = [
        {
            "text": text,
            "vector": [round(float(value), 7) for value in encode(weights, tokenizer.encode(text).ids)],
        }
        for text in TEXTS
    ]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    TARGET.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
