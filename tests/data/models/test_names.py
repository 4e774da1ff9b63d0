"""Names of published checkpoints become ours, and an unknown one is left to be told of."""

from __future__ import annotations

import pytest

from bench.data.models._names import own_name

OUTSIDE = {"embeddings.words": "tokens"}
INSIDE = {"attention.query": "attentions.{}.q", "dense": "layers.{}.down"}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("embeddings.words.weight", "tokens.weight"),
        ("encoder.layer.11.attention.query.bias", "attentions.11.q.bias"),
        ("encoder.layer.0.dense.weight", "layers.0.down.weight"),
        ("encoder.layer.0.other.weight", "encoder.layer.0.other.weight"),
        ("pooler", "pooler"),
    ],
)
def test_a_name_is_translated_part_by_part(theirs: str, ours: str) -> None:
    assert own_name(theirs, layer="encoder.layer.", outside=OUTSIDE, inside=INSIDE) == ours
