"""Names in published checkpoints and here: one table for what stands outside the layers, one for a layer's parts."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["own_name"]


def own_name(name: str, *, layer: str, outside: Mapping[str, str], inside: Mapping[str, str]) -> str:
    """Gives a checkpoint's name as it is here: ``encoder.layer.0.output.dense.bias`` -> ``layers.0.down.bias``.

    A name that stands in no table is left as it is: loading it then says that it is unknown.

    Args:
        name: of a tensor; what follows its last dot is kept.
        layer: what stands before a layer's number, with the dot.
        outside: module there -> module here.
        inside: module in a layer there -> module here, with ``{}`` for the layer's number.
    """
    stem, _, last = name.rpartition(".")
    if stem in outside:
        return f"{outside[stem]}.{last}"
    index, _, part = stem.removeprefix(layer).partition(".")
    return f"{inside[part].format(index)}.{last}" if part in inside else name
