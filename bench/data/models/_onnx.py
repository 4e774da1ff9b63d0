"""The weights of an ONNX graph under the names that its modules had before they were exported.

In: a path. Out: tensors in float32. An exporter keeps the names of biases and norms but transposes and renames the
matrix of a linear map: it is found by the bias that the graph adds to the product.

Source: onnx's operators MatMul and Add; the order of their inputs is not fixed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from onnx import GraphProto

__all__ = ["read"]


def read(path: Path) -> dict[str, Tensor]:
    """Gives every floating initializer; a matrix whose product a bias is added to as ``….weight [out, in]``."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    matrices = _matrices(graph)
    tensors = {}
    for initializer in graph.initializer:
        values = numpy_helper.to_array(initializer)
        if not np.issubdtype(values.dtype, np.floating):
            continue
        name = matrices.get(initializer.name)
        tensors[name or initializer.name] = torch.tensor(values.T if name else values, dtype=torch.float32)
    return tensors


def _matrices(graph: GraphProto) -> dict[str, str]:
    """Gives of each matrix the name that it had, after the bias that is added to its product."""
    stored = {initializer.name for initializer in graph.initializer}
    product_of = {node.output[0]: node.input[1] for node in graph.node if node.op_type == "MatMul"}
    names = {}
    for node in graph.node:
        if node.op_type != "Add":
            continue
        for product, bias in (tuple(node.input), tuple(reversed(node.input))):
            matrix = product_of.get(product)
            if matrix is not None and {matrix, bias} <= stored and bias.endswith(".bias"):
                names[matrix] = f"{bias.removesuffix('bias')}weight"
    return names
