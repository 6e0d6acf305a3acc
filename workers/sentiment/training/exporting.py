"""The encoder as ONNX with weights of 8 bits: what the worker runs, one text at a time.

One text at a time, because 8-bit activations are scaled by what is in the tensor: in a batch, a text's result would
depend on its neighbours. It also needs no padding.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor

from workers.sentiment.training.distilling import DIMENSIONS, FILTERS, WINDOWS
from workers.sentiment.training.encoder import EPSILON, HEADS, LAYERS, WIDTH, Encoder
from workers.sentiment.training.teaching import LONGEST

OPSET, FUSED = 17, "com.microsoft"


class Graph:
    """Nodes and weights, one after the other."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def weight(self, name: str, *, turned: bool = False) -> str:
        value = self.weights[name]
        return self.constant(name, value.T if turned else value)

    def add(self, operation: str, inputs: list[str], *, domain: str = "", **attributes: object) -> str:
        output = f"{operation}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, inputs, [output], name=output, domain=domain, **attributes))
        return output

    def linear(self, hidden: str, name: str) -> str:
        product = self.add("MatMul", [hidden, self.weight(f"{name}.weight", turned=True)])
        return self.add("Add", [product, self.weight(f"{name}.bias")])

    def norm_of_sum(self, hidden: str, added: str, name: str) -> str:
        scale, shift = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.add("SkipLayerNormalization", [hidden, added, scale, shift], domain=FUSED, epsilon=EPSILON)

    def layer(self, hidden: str, name: str) -> str:
        weight, bias = (
            self.weight(f"{name}.attention_in.weight", turned=True),
            self.weight(f"{name}.attention_in.bias"),
        )
        attended = self.add("Attention", [hidden, weight, bias], domain=FUSED, num_heads=HEADS)
        attended = self.linear(attended, f"{name}.attention_out")
        hidden = self.norm_of_sum(hidden, attended, f"{name}.attention_norm")
        inner = self.add("Gelu", [self.linear(hidden, f"{name}.inner")], domain=FUSED)
        return self.norm_of_sum(hidden, self.linear(inner, f"{name}.outer"), f"{name}.norm")


def graph(weights: Mapping[str, NDArray[np.float32]]) -> onnx.ModelProto:
    """`numbers` (1 × length) → `logits` (1 × 3) and `meaning` (1 × WIDTH, of length 1)."""
    made = Graph(weights)
    words = made.add("Gather", [made.weight("words.weight"), "numbers"])
    length = made.add("Shape", ["numbers"], start=1, end=2)
    begin = made.constant("zero", np.array([0], np.int64))
    positions = made.add("Slice", [made.constant("positions", weights["positions.weight"][:LONGEST]), begin, length])
    positions = made.add("Unsqueeze", [positions, begin])
    hidden = made.norm_of_sum(words, positions, "norm")
    for number in range(LAYERS):
        hidden = made.layer(hidden, f"layers.{number}")
    first = made.add("Gather", [hidden, made.constant("first", np.array(0, np.int64))], axis=1)
    mean = made.add("ReduceMean", [hidden], axes=[1], keepdims=0)
    both = made.add("Concat", [first, mean], axis=1)
    made.nodes.append(
        helper.make_node(
            "Gemm", [both, made.weight("head.weight"), made.weight("head.bias")], ["logits"], name="head", transB=1
        )
    )
    made.nodes.append(helper.make_node("LpNormalization", [mean], ["meaning"], name="meaning", axis=1, p=2))
    return helper.make_model(
        helper.make_graph(
            made.nodes,
            "encoder",
            [helper.make_tensor_value_info("numbers", TensorProto.INT64, [1, "length"])],
            [
                helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3]),
                helper.make_tensor_value_info("meaning", TensorProto.FLOAT, [1, WIDTH]),
            ],
            made.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)],
        ir_version=8,
    )


def export(weights: Mapping[str, NDArray[np.float32]], path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder) / "exact.onnx"
        onnx.save(graph(weights), exact)
        # The fused operations are not part of ONNX: it cannot tell what they give.
        options = {"DefaultTensorType": TensorProto.FLOAT}
        quantize_dynamic(exact, path, weight_type=QuantType.QInt8, per_channel=True, extra_options=options)


def arrays(encoder: Encoder) -> dict[str, NDArray[np.float32]]:
    return {name: value.detach().numpy() for name, value in encoder.state_dict().items()}


def export_fast(weights: Mapping[str, Tensor], path: Path) -> None:
    """As `workers.sentiment.fast` reads it. Each piece has a scale of its own for its 8 bits."""
    pieces = weights["pieces"].numpy()
    scale = np.abs(pieces).max(axis=1, keepdims=True) / 127
    places = sum(WINDOWS)
    filters = weights["filters.weight"].numpy().reshape(places, FILTERS, DIMENSIONS).transpose(0, 2, 1)
    np.savez_compressed(
        path,
        pieces=np.round(pieces / scale).astype(np.int8),
        scale=scale.astype(np.float16),
        filters=filters.astype(np.float16),
        shift=weights["shift"].numpy().reshape(len(WINDOWS), FILTERS),
        hidden=weights["hidden.weight"].numpy().astype(np.float16),
        hidden_shift=weights["hidden.bias"].numpy(),
        output=weights["output.weight"].numpy(),
        output_shift=weights["output.bias"].numpy(),
    )
