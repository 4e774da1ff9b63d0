"""The memory of a call over time as a picture: what is alive at the peak in colours, the rest in grey.

Goes in: what `memory.record` found. Comes out: an SVG and a PNG, drawn alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from bench.report.style import PALETTE, rc
from bench.store.run import write_whole

__all__ = ["PICTURES", "draw"]

PICTURES = ("memory.svg", "memory.png")
"""The files, in the profile's folder."""

_NAMED, _NAME = 6, 36  # pieces that have a colour; characters of an operator's name in the legend
_SLOTS = ("blue", "vermillion", "green", "purple", "orange", "sky")
_SIZES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_TIMES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def draw(memory: dict[str, Any], title: str, folder: Path) -> None:
    """Draws both files.

    Args:
        memory: `peak_bytes`, `timeline` and `allocations`, as `memory.record` gives them.
        title: stands on top, as it is.
        folder: takes the files.
    """
    times = [row[0] for row in memory["timeline"]] or [0.0]
    live = [row[2] for row in memory["timeline"]] or [0]
    size, size_unit = next((s for s in _SIZES if memory["peak_bytes"] >= 2 * s[0]), _SIZES[-1])
    span, span_unit = next((s for s in _TIMES if times[-1] >= 2 * s[0]), _TIMES[-1])
    named = memory["allocations"][:_NAMED]
    layers = [[_alive(each, time) for time in times] for each in named]
    rest = [max(total - sum(parts), 0) for total, *parts in zip(live, *layers, strict=True)]
    with matplotlib.rc_context(rc(title)):
        figure = Figure(figsize=(8.0, 4.2), layout="constrained")
        axes = figure.add_subplot()
        below = [0.0] * len(times)
        x = [time / span for time in times]
        for heights, slot in [*zip(layers, _SLOTS, strict=False), (rest, "grey")]:
            above = [low + height / size for low, height in zip(below, heights, strict=True)]
            axes.fill_between(x, below, above, step="post", color=PALETTE[slot][0], alpha=0.75, linewidth=0)
            below = above
        axes.step(x, [value / size for value in live], where="post", color=PALETTE["ink"][0], linewidth=1.0)
        axes.plot(
            [], [], color=PALETTE["ink"][0], label=f"all, at most {memory['peak_bytes'] / size:.4g} {size_unit}"
        )
        for each, slot in zip(named, _SLOTS, strict=False):
            axes.bar(0, 0, color=PALETTE[slot][0], alpha=0.75, label=_label(each, size, size_unit))
        if any(rest):
            axes.bar(0, 0, color=PALETTE["grey"][0], alpha=0.75, label="all else")
        axes.set(title=title, xlabel=f"time in the call, with the profiler's overhead ({span_unit})")
        axes.set(
            ylabel=f"live bytes of tensors ({size_unit})", ylim=(min(0.0, *below), None), xlim=(0.0, x[-1] or 1.0)
        )
        figure.legend(loc="outside lower left", fontsize=7.5, ncols=2)
        for name in PICTURES:
            _save(figure, folder / name)


def _save(figure: Figure, path: Path) -> None:
    write_whole(path, lambda temporary: figure.savefig(temporary, format=path.suffix[1:]))


def _alive(piece: dict[str, Any], time: float) -> int:
    freed = piece["freed_s"]
    return int(piece["bytes"]) if piece["allocated_s"] <= time and (freed is None or time < freed) else 0


def _label(piece: dict[str, Any], size: int, unit: str) -> str:
    where = Path(piece["source"]).name + (", backward" if piece["backward"] else "")
    operator = piece["operator"] or "no operator"
    shown = operator if len(operator) <= _NAME else f"{operator[: _NAME - 1]}…"
    return f"{piece['bytes'] / size:.3g} {unit}  {shown}  {where}"
