"""The way through onnx-asr, with a model of the same form that "hears" the same words in everything.

Parakeet's own weights (670 MB) can't be had from a package, so these tests say nothing of what it hears.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from earmark.speech.listening.parakeet import Parakeet

_STATE = (2, 1, 4)
_FLOAT, _INT, _SHORT = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32
VOCABULARY = ("▁Hello", "▁wor", "ld", ".", "<blk>")
_DURATIONS = 5


def _constant(name: str, value: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(value, name)


def _save(path: Path, nodes: list[onnx.NodeProto], given: list, made: list, constants: list[onnx.TensorProto]) -> None:
    model = helper.make_model(
        helper.make_graph(nodes, "model", given, made, constants), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    onnx.save(model, path)


def _encoder(path: Path) -> None:
    """Every eighth frame's first four bands."""
    info = helper.make_tensor_value_info
    constants = [
        _constant("starts", np.array([0, 0], np.int64)), _constant("ends", np.array([4, 1 << 40], np.int64)),
        _constant("axes", np.array([1, 2], np.int64)), _constant("steps", np.array([1, 8], np.int64)),
        _constant("one", np.array([1], np.int64)), _constant("eight", np.array([8], np.int64)),
    ]  # fmt: skip
    nodes = [
        helper.make_node("Slice", ["audio_signal", "starts", "ends", "axes", "steps"], ["outputs"]),
        helper.make_node("Sub", ["length", "one"], ["last"]),
        helper.make_node("Div", ["last", "eight"], ["whole"]),
        helper.make_node("Add", ["whole", "one"], ["encoded_lengths"]),
    ]
    given = [info("audio_signal", _FLOAT, ["b", 128, "t"]), info("length", _INT, ["b"])]
    made = [info("outputs", _FLOAT, ["b", 4, "s"]), info("encoded_lengths", _INT, ["b"])]
    _save(path, nodes, given, made, constants)


def _decoder(path: Path) -> None:
    """Token N after N tokens, each for two frames; then nothing more. The state counts the tokens."""
    table = np.full((6, len(VOCABULARY) + _DURATIONS), -9.0, np.float32)
    for count in range(6):
        table[count, min(count, 4)] = 3.0
        table[count, len(VOCABULARY) + 2] = 3.0
    info = helper.make_tensor_value_info
    constants = [
        _constant("table", table), _constant("zero", np.array([0], np.int64)),
        _constant("unit", np.ones(1, np.float32)), _constant("shape", np.array([1, 1, 1, -1], np.int64)),
    ]  # fmt: skip
    nodes = [
        helper.make_node("Reshape", ["input_states_1", "flat"], ["all"]),
        helper.make_node("Gather", ["all", "zero"], ["count"]),
        helper.make_node("Cast", ["count"], ["index"], to=_INT),
        helper.make_node("Gather", ["table", "index"], ["row"]),
        helper.make_node("Reshape", ["row", "shape"], ["outputs"]),
        helper.make_node("Add", ["input_states_1", "unit"], ["output_states_1"]),
        helper.make_node("Identity", ["input_states_2"], ["output_states_2"]),
    ]
    constants.append(_constant("flat", np.array([-1], np.int64)))
    states = [info(f"input_states_{number}", _FLOAT, _STATE) for number in (1, 2)]
    given = [
        info("encoder_outputs", _FLOAT, [1, 4, 1]), info("targets", _SHORT, [1, 1]),
        info("target_length", _SHORT, [1]), *states,
    ]  # fmt: skip
    made = [info("outputs", _FLOAT, [1, 1, 1, table.shape[1]])]
    made += [info(f"output_states_{number}", _FLOAT, _STATE) for number in (1, 2)]
    _save(path, nodes, given, made, constants)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Parakeet:
    folder = tmp_path_factory.mktemp("parakeet")
    _encoder(folder / "encoder-model.int8.onnx")
    _decoder(folder / "decoder_joint-model.int8.onnx")
    (folder / "vocab.txt").write_text("".join(f"{token} {index}\n" for index, token in enumerate(VOCABULARY)))
    (folder / "config.json").write_text(
        '{"model_type": "nemo-conformer-tdt", "features_size": 128, "subsampling_factor": 8}'
    )
    return Parakeet(folder)


def test_tokens_become_words_with_times_and_confidence(model: Parakeet) -> None:
    heard = model.transcribe(np.zeros(32_000, np.float32), "de")
    assert (heard.text, heard.language) == ("Hello world.", "de")
    assert heard.confidence is not None
    assert heard.confidence > 0.9
    assert heard.words is not None
    assert [(word.text, word.start_ms) for word in heard.words] == [("Hello", 0), ("world.", 160)]
    assert all(word.start_ms <= word.end_ms <= 2_000 for word in heard.words)


def test_less_audio_than_a_frame_is_no_failure(model: Parakeet) -> None:
    assert model.transcribe(np.zeros(10, np.float32), None).text
