#!/usr/bin/env python3
"""Writes the graphs of all-MiniLM-L6-v2 without its weights: the encoder's and the reader's.

`src/earmark/retrieval/embedding/minilm.onnx` embeds texts; `src/earmark/answers/reader.onnx` reads a question and a window
together and scores each token. The reader's dense layers are int8 (`answers/reader.py`).

Every weight is an *external* initializer named as in `model.safetensors`, so the file stays about
15 KB and the weights are fed at load from the memory-mapped file of the installed package. Needs
`onnx` (a development dependency); run it again only when the graph should change.

The dense layers are `Gemm` over [B*T, in] with `transB`, because the weights are stored [out, in]:
no transposed copy of them is made. Attention, bias + GELU and residual + layer norm are
onnxruntime's own fused CPU operators (domain `com.microsoft`), so nothing is left to its optimiser.

Shapes: input_ids, attention_mask int64 [B, T] -> embedding float32 [B, 384], each row of length 1;
    the reader: input_ids, token_type_ids, attention_mask int64 [B, T] -> logits float32 [B, T].
Source: Devlin et al. 2018, arXiv:1810.04805 (encoder); Reimers and Gurevych 2019, arXiv:1908.10084
    (mean pooling); config.json of sentence-transformers/all-MiniLM-L6-v2 (sizes).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
from onnx import NodeProto, TensorProto, ValueInfoProto, helper

LAYERS = 6
HIDDEN = 384
HEADS = 12
INNER = 1_536
VOCABULARY = 30_522
POSITIONS = 512
LAYER_NORM_EPSILON = 1e-12
FUSED = "com.microsoft"
SOURCE = Path(__file__).resolve().parent.parent / "src/earmark"
ENCODER = "retrieval/embedding/minilm.onnx"
READER = "answers/reader.onnx"


class GraphWriter:
    """Collects the nodes and external weights of one graph."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.initializers: list[TensorProto] = []

    def op(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def weight(self, name: str, *shape: int, data_type: int = TensorProto.FLOAT) -> str:
        """Declare a weight that is supplied at load; its location is never opened."""
        tensor = TensorProto(name=name, data_type=data_type, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="model.safetensors")
        self.initializers.append(tensor)
        return name

    def constant(self, name: str, values: list[int]) -> str:
        """Add a small integer vector."""
        self.initializers.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
        return name

    def dense(self, prefix: str, source: str, size_in: int, size_out: int) -> str:
        """Add a dense layer: [N, in] -> [N, out]."""
        weight = self.weight(f"{prefix}.weight", size_out, size_in)
        bias = self.weight(f"{prefix}.bias", size_out)
        return self.op("Gemm", [source, weight, bias], f"{prefix}/out", transB=1)

    def norm_of_sum(self, prefix: str, source: str, residual: str) -> str:
        """Add the layer norm of source + residual."""
        scale, shift = self.weight(f"{prefix}.weight", HIDDEN), self.weight(f"{prefix}.bias", HIDDEN)
        inputs = [source, residual, scale, shift]
        return self.op("SkipLayerNormalization", inputs, f"{prefix}/out", FUSED, epsilon=LAYER_NORM_EPSILON)


class QuantisedWriter(GraphWriter):
    """Writes dense layers with int8 weights, [in, out], and a scale per output."""

    def dense(self, prefix: str, source: str, size_in: int, size_out: int) -> str:
        """Add a dense layer: [N, in] -> [N, out]; inputs are quantised at run time."""
        weight = self.weight(f"{prefix}.weight_int8", size_in, size_out, data_type=TensorProto.INT8)
        scale = self.weight(f"{prefix}.weight_scale", size_out)
        bias = self.weight(f"{prefix}.bias", size_out)
        return self.op("DynamicQuantizeMatMul", [source, weight, scale, "", bias], f"{prefix}/out", FUSED)


def write_embeddings(graph: GraphWriter, *, has_types: bool = False) -> str:
    """Add the sum of word, position and token-type vectors, normalised: [B, T, H]."""
    words = graph.weight("embeddings.word_embeddings.weight", VOCABULARY, HIDDEN)
    positions = graph.weight("embeddings.position_embeddings.weight", POSITIONS, HIDDEN)
    types = graph.weight("embeddings.token_type_embeddings.weight", 2, HIDDEN)
    graph.op("Gather", [words, "input_ids"], "word_vectors")
    graph.op("Shape", ["input_ids"], "length", start=1, end=2)
    graph.op("Slice", [positions, graph.constant("zero", [0]), "length", "zero"], "position_vectors")
    if has_types:
        graph.op("Gather", [types, "token_type_ids"], "type_vector")
    else:
        graph.op("Slice", [types, "zero", graph.constant("one", [1]), "zero"], "type_vector")
    graph.op("Add", ["position_vectors", "type_vector"], "place_vectors")
    graph.op("Add", ["word_vectors", "place_vectors"], "summed_vectors")
    scale = graph.weight("embeddings.LayerNorm.weight", HIDDEN)
    shift = graph.weight("embeddings.LayerNorm.bias", HIDDEN)
    inputs = ["summed_vectors", scale, shift]
    return graph.op("LayerNormalization", inputs, "embedded", axis=-1, epsilon=LAYER_NORM_EPSILON)


def write_layer(graph: GraphWriter, index: int, flat: str) -> str:
    """Add one transformer layer over [B*T, H]; only attention uses the text boundaries."""
    layer = f"encoder.layer.{index}"
    heads: list[str] = []
    for role in ("query", "key", "value"):
        projected = graph.dense(f"{layer}.attention.self.{role}", flat, HIDDEN, HIDDEN)
        heads.append(graph.op("Reshape", [projected, "batch_shape"], f"{layer}/{role}"))
    inputs = [*heads, "", "mask"]
    graph.op("MultiHeadAttention", inputs, f"{layer}/context", FUSED, num_heads=HEADS)
    graph.op("Reshape", [f"{layer}/context", "flat_shape"], f"{layer}/context_flat")
    attended = graph.dense(f"{layer}.attention.output.dense", f"{layer}/context_flat", HIDDEN, HIDDEN)
    attended = graph.norm_of_sum(f"{layer}.attention.output.LayerNorm", attended, flat)
    inner = graph.dense(f"{layer}.intermediate.dense", attended, HIDDEN, INNER)
    inner = graph.op("Gelu", [inner], f"{layer}/gelu", FUSED)
    outer = graph.dense(f"{layer}.output.dense", inner, INNER, HIDDEN)
    return graph.norm_of_sum(f"{layer}.output.LayerNorm", outer, attended)


def write_pooling(graph: GraphWriter, flat: str) -> None:
    """Add mean pooling of a text's token vectors, then normalisation to length 1."""
    graph.op("Reshape", [flat, "batch_shape"], "token_vectors")
    graph.op("Cast", ["attention_mask"], "mask_float", to=TensorProto.FLOAT)
    graph.op("Unsqueeze", ["mask_float", "one"], "mask_row")
    graph.op("MatMul", ["mask_row", "token_vectors"], "token_sum")
    graph.op("Squeeze", ["token_sum", "one"], "text_sum")
    # The mean's divisor cancels out in the normalisation.
    graph.op("LpNormalization", ["text_sum"], "embedding", axis=-1, p=2)


def write_layers(graph: GraphWriter, *, has_types: bool = False) -> str:
    """Add all layers: tokens -> [B*T, H]."""
    graph.op("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    embedded = write_embeddings(graph, has_types=has_types)
    graph.op("Shape", [embedded], "batch_shape")
    graph.constant("flat_shape", [-1, HIDDEN])
    flat = graph.op("Reshape", [embedded, "flat_shape"], "embedded_flat")
    for index in range(LAYERS):
        flat = write_layer(graph, index, flat)
    return flat


def build_encoder() -> onnx.ModelProto:
    """Build the encoder: tokens in, unit vectors out."""
    graph = GraphWriter()
    write_pooling(graph, write_layers(graph))
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["B", HIDDEN])
    return to_model(graph, "all-MiniLM-L6-v2", ("input_ids", "attention_mask"), output)


def build_reader() -> onnx.ModelProto:
    """Build the reader: question and window in, a score per token out."""
    graph = QuantisedWriter()
    flat = write_layers(graph, has_types=True)
    head, bias = graph.weight("head.weight", 1, HIDDEN), graph.weight("head.bias", 1)
    graph.op("Gemm", [flat, head, bias], "flat_logits", transB=1)
    graph.op("Shape", ["input_ids"], "token_shape")
    graph.op("Reshape", ["flat_logits", "token_shape"], "logits")
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["B", "T"])
    return to_model(graph, "reader", ("input_ids", "token_type_ids", "attention_mask"), output)


def to_model(graph: GraphWriter, name: str, inputs: Sequence[str], output: ValueInfoProto) -> onnx.ModelProto:
    """Return the graph as a model; its inputs are int64 [B, T]."""
    tokens = [helper.make_tensor_value_info(one, TensorProto.INT64, ["B", "T"]) for one in inputs]
    body = helper.make_graph(graph.nodes, name, tokens, [output], graph.initializers)
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(body, opset_imports=versions, ir_version=8, producer_name="earmark")


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCE
    for name, model in ((ENCODER, build_encoder()), (READER, build_reader())):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(model.SerializeToString(deterministic=True))
        print(f"{target}: {target.stat().st_size:,} bytes")
