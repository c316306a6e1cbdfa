from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

from earmark.retrieval.embedding.embedders import EmbedderStoppedError, EmbedderUnavailableError
from earmark.retrieval.embedding.onnx_embedder import OnnxEmbedder, read_folder
from earmark.retrieval.embedding.specs import EmbedderSpec

WORDS = ["[PAD]", "[UNK]", "query", "passage", ":", "launch", "lantern", "june"]
TABLE = np.arange(len(WORDS) * 3, dtype=np.float32).reshape(-1, 3) ** 1.3 - 4
POOLING = "pooling_mode_mean_tokens"


def build(folder: Path, pooling: str | None = POOLING, *, is_nested: bool = False, **files: Any) -> Path:
    """Write a lookup-table model in the layout of a sentence-transformers export."""
    folder.mkdir(parents=True, exist_ok=True)
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["n", "t", 3])],
        [numpy_helper.from_array(TABLE, "table")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    place = folder / "onnx" if is_nested else folder
    place.mkdir(exist_ok=True)
    onnx.save(model, place / "model.onnx")
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    if pooling is not None:
        (folder / "1_Pooling").mkdir(exist_ok=True)
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({pooling: True, "word_embedding_dimension": 3}))
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def at(folder: Path, **spec: Any) -> OnnxEmbedder:
    return OnnxEmbedder(EmbedderSpec("onnx", path=str(folder), **spec))


def unit(vector: Any) -> Any:
    return vector / np.linalg.norm(vector)


ROWS = TABLE[[WORDS.index("launch"), WORDS.index("lantern")]]


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("pooling_mode_mean_tokens", ROWS.mean(0)),
        ("pooling_mode_cls_token", ROWS[0]),
        ("pooling_mode_lasttoken", ROWS[-1]),
        ("pooling_mode_max_tokens", ROWS.max(0)),
        ("pooling_mode_mean_sqrt_len_tokens", ROWS.sum(0) / np.sqrt(2)),
        (None, ROWS.mean(0)),
    ],
)
def test_the_folders_pooling_is_used_independent_of_the_batch(
    tmp_path: Path, pooling: str | None, expected: Any
) -> None:
    vectors = at(build(tmp_path, pooling)).embed_passages(["launch lantern", "june june june june", ""])
    np.testing.assert_allclose(vectors[0], unit(expected), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)


def test_prefixes_come_from_the_folder_unless_settings_override_them(tmp_path: Path) -> None:
    prompts = {"prompts": {"query": "query: ", "document": "passage: "}}
    folder = build(tmp_path, config_sentence_transformers=prompts)
    colon, june = TABLE[WORDS.index(":")], TABLE[WORDS.index("june")]
    mean = (TABLE[WORDS.index("query")] + colon + june) / 3
    np.testing.assert_allclose(at(folder).embed_query("june"), unit(mean), rtol=1e-5)
    mean = (TABLE[WORDS.index("passage")] + colon + june) / 3
    np.testing.assert_allclose(at(folder).embed_passages(["june"])[0], unit(mean), rtol=1e-5)
    np.testing.assert_allclose(at(folder, query_prefix="june ").embed_query("june"), unit(june), rtol=1e-5)


def test_length_limit_and_case_come_from_the_folder(tmp_path: Path) -> None:
    folder = build(tmp_path, sentence_bert_config={"max_seq_length": 2, "do_lower_case": True})
    np.testing.assert_allclose(at(folder).embed_query("LAUNCH Lantern june june"), unit(ROWS.mean(0)), rtol=1e-5)


def test_a_nested_model_and_known_modules_are_accepted(tmp_path: Path) -> None:
    modules = [
        {"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    assert at(build(tmp_path, is_nested=True, modules=modules)).embed_passages(["june"]).shape == (1, 3)


def test_no_texts_are_no_vectors(tmp_path: Path) -> None:
    assert len(at(build(tmp_path)).embed_passages([])) == 0


def test_the_name_changes_with_weights_pooling_prefixes_and_length(tmp_path: Path) -> None:
    names = [
        at(build(tmp_path / "a")).name,
        at(build(tmp_path / "b", "pooling_mode_cls_token")).name,
        at(build(tmp_path / "c", sentence_bert_config={"max_seq_length": 2})).name,
        at(tmp_path / "a", query_prefix="q").name,
    ]
    assert len(set(names)) == 4
    assert at(build(tmp_path / "copy")).name == names[0]


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "model.onnx").unlink(), "no model.onnx"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no model.onnx"),
        (lambda folder: (folder / "modules.json").write_text('[{"type": "x.Dense", "path": "2_Dense"}]'), "Dense"),
        (lambda folder: (folder / "1_Pooling" / "config.json").write_text("{}{"), "isn't JSON"),
        (lambda folder: (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_x": true}'), "pooling"),
    ],
)
def test_an_unusable_folder_is_reported_with_the_reason(tmp_path: Path, spoil: Any, says: str) -> None:
    spoil(build(tmp_path))
    with pytest.raises(EmbedderUnavailableError, match=says):
        read_folder(tmp_path)


def test_a_broken_graph_is_reported_on_first_use(tmp_path: Path) -> None:
    (build(tmp_path) / "model.onnx").write_bytes(b"not a graph")
    with pytest.raises(EmbedderUnavailableError, match="can't be loaded"):
        at(tmp_path).embed_query("june")


def test_a_stopped_embedder_stops_between_batches(tmp_path: Path) -> None:
    embedder = at(build(tmp_path))
    embedder.stop()
    with pytest.raises(EmbedderStoppedError):
        embedder.embed_query("june")
