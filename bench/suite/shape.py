"""The shape of one case: what is given of heads, widths and dtypes, completed, checked, and said in one way only.

Two cases that are the same must be equal: so what is at its default, or follows from the rest, is left out.
"""

from __future__ import annotations

from typing import Any

from bench.errors import UsageError
from bench.machine.fingerprint import cores
from bench.suite.application import complete
from bench.suite.model import Suite

__all__ = ["resolve"]

_HEAD_DIM = 64


def resolve(point: dict[str, Any], scope: str, suite: Suite, sweep: str) -> None:
    """Completes the fields of a case in place.

    Raises:
        UsageError: no seq_len, no hidden_size, or heads and widths that do not go together.
    """
    complete(point, suite, sweep)
    if "seq_len" not in point:
        raise UsageError(suite.where("sweeps", sweep), f"sweep {sweep!r} gives no seq_len", "seq_len: 512")
    if scope == "projection":
        if "hidden_size" not in point:
            found = f"sweep {sweep!r} gives no hidden_size, the in-features of a projection"
            raise UsageError(suite.where("sweeps", sweep), found, "hidden_size: 768")
    else:
        _resolve_heads(point, suite, sweep)
    for word, usual in (
        ("num_kv_heads", "num_heads"),
        ("out_features", "hidden_size"),
    ):
        if word in point and point[word] == point[usual]:
            del point[word]
    if point.get("adapter_dtype") == point.get("dtype", "float32"):
        point.pop("adapter_dtype", None)
    if point.get("device") == "cuda" or point.get("threads") == cores():
        point.pop("threads", None)  # threads of a CPU case; as many as there are cores is what happens unasked


def _resolve_heads(point: dict[str, Any], suite: Suite, sweep: str) -> None:
    heads, width, hidden = (point.get(word) for word in ("num_heads", "head_dim", "hidden_size"))
    if hidden is None:
        if heads is None or width is None:
            raise _wrong(suite, sweep, f"sweep {sweep!r} gives too little to know its hidden_size")
        hidden = heads * width
    elif heads is None:
        width = width or _HEAD_DIM
        heads = hidden // width
        if hidden % width:
            raise _wrong(suite, sweep, f"hidden_size {hidden} is no multiple of head_dim {width}")
    elif width is None:
        width = hidden // heads
        if hidden % heads:
            raise _wrong(suite, sweep, f"hidden_size {hidden} is no multiple of num_heads {heads}")
    if heads * width != hidden:
        raise _wrong(
            suite, sweep, f"num_heads {heads} × head_dim {width} is {heads * width}, not hidden_size {hidden}"
        )
    point |= {"num_heads": heads, "head_dim": width, "hidden_size": hidden}
    groups = point.get("num_kv_heads", heads)
    if heads % groups:
        where = suite.where("sweeps", sweep, "num_kv_heads")
        raise UsageError(
            where, f"num_heads {heads} is no multiple of num_kv_heads {groups}", "a divisor of num_heads"
        )


def _wrong(suite: Suite, sweep: str, found: str) -> UsageError:
    word = next((w for w in ("hidden_size", "head_dim", "num_heads") if getattr(suite.sweeps[sweep], w)), "")
    place = ("sweeps", sweep, word) if word else ("sweeps", sweep)
    return UsageError(suite.where(*place), found, "give any two of num_heads, head_dim and hidden_size")
