"""A matrix of an exported graph gets its name back from the bias that is added to its product."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from bench.data.models import _onnx  # noqa: E402

MATRIX = np.arange(6, dtype=np.float32).reshape(2, 3)  # in × out, as an exporter has it


@pytest.fixture(params=["product first", "bias first"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A graph of one linear map and a norm's weight; the order of a sum is not fixed."""
    added = ["product", "layer.0.dense.bias"]
    nodes = [
        helper.make_node("MatMul", ["x", "onnx::MatMul_17"], ["product"]),
        helper.make_node("Add", added if request.param == "product first" else added[::-1], ["sum"]),
        helper.make_node("Mul", ["sum", "norm.weight"], ["y"]),
    ]
    stored = {
        "onnx::MatMul_17": MATRIX,
        "layer.0.dense.bias": np.ones(3, np.float32),
        "norm.weight": np.full(3, 2, np.float32),
        "axes": np.array([1], np.int64),
    }
    initializers = [numpy_helper.from_array(values, name) for name, values in stored.items()]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", "y"))
    onnx.save(helper.make_model(helper.make_graph(nodes, "graph", [x], [y], initializers)), tmp_path / "a.onnx")
    return tmp_path / "a.onnx"


def test_a_matrix_is_named_after_its_bias_and_turned_round(path: Path) -> None:
    assert _onnx.read(path)["layer.0.dense.weight"].tolist() == MATRIX.T.tolist()


def test_what_has_a_name_keeps_it_and_what_is_no_weight_is_left(path: Path) -> None:
    assert sorted(_onnx.read(path)) == ["layer.0.dense.bias", "layer.0.dense.weight", "norm.weight"]
