"""How everything looks: one colour and one marker for an operator, in every plot of every report, light and dark.

Colour and marker both name the operator, so that colour is never needed alone; rank is told by the panel or by the
size of the marker, another provider by a hollow one. Goes in: an operator's name. Comes out: its `Look`.
"""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any

__all__ = ["BOUND", "INK", "LOOKS", "PALETTE", "PAPER", "SOFT", "Look", "css_variables", "look", "marker_path", "rc"]

PALETTE: dict[str, tuple[str, str]] = {
    "ink": ("#1b1f24", "#eceff2"),
    "blue": ("#0072b2", "#4fa8e8"),
    "vermillion": ("#d55e00", "#ff8b45"),
    "green": ("#009e73", "#3ecfa1"),
    "purple": ("#b5579a", "#ef9bd3"),
    "orange": ("#d19000", "#ffc44d"),
    "sky": ("#3d9fd9", "#a6dcff"),
    "wine": ("#882255", "#e3739f"),
    "indigo": ("#4b3fa3", "#a59bff"),
    "olive": ("#7d7a1c", "#d3d06a"),
    "brown": ("#8c5a3c", "#cf9c7c"),
    "grey": ("#7b8189", "#9aa3ad"),
}
"""Name -> colour on white, colour on black; after Okabe and Ito (2008) and Tol's muted scheme, with lighter twins."""

INK = "#22272f"
"""Text and axes in a picture's file; in the page it follows the reader's scheme."""
SOFT = "#d5d9de"
"""Grid and other quiet lines, likewise."""

PAPER = "#fffffe"
"""What lies behind, likewise: the inside of a hollow mark."""

BOUND = "eckart_young"
"""The name under which the least error of a matrix of some rank stands among the operators."""

_MARKERS = ("o", "s", "^", "D", "v", "P", "*", "h", "<", ">", "p", "d", "8", "H")

_CHOSEN = {
    "sdpa": ("ink", "o"),
    "sdpa_efficient": ("ink", "8"),
    "full_naive": ("blue", "s"),
    "linformer": ("vermillion", "^"),
    "nystrom": ("green", "D"),
    "nystrom_lifted": ("green", "8"),
    "performer": ("purple", "v"),
    "linear_elu": ("orange", "P"),
    "svd_oracle": ("brown", "*"),
    "uniform": ("grey", "h"),
    "seed_as_written": ("wine", "<"),
    "seed_fixed": ("sky", ">"),
    "flex": ("indigo", "p"),
    "agent": ("olive", "d"),
    "efficient": ("sky", "8"),
    "cosformer": ("wine", "p"),
    "pca_keys": ("indigo", "H"),
    "mla": ("olive", "s"),
    BOUND: ("ink", "d"),
    "full": ("ink", "H"),
    "head_only": ("grey", "s"),
    "lora": ("olive", "^"),
    "lora_merged": ("indigo", "s"),
    "dora": ("sky", "D"),
    "rslora": ("olive", "v"),
    "pissa": ("brown", "d"),
    "houlsby": ("wine", "v"),
    "ia3": ("brown", "p"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """How an operator is drawn."""

    slot: str
    """A key of `PALETTE`."""
    marker: str
    """A marker of matplotlib."""

    @property
    def color(self) -> str:
        """The colour on white, as pictures' files have it."""
        return PALETTE[self.slot][0]


LOOKS: dict[str, Look] = {name: Look(slot, marker) for name, (slot, marker) in _CHOSEN.items()}
"""The looks that were chosen by hand."""


def look(operator: str) -> Look:
    """Gives an operator's look, from its name alone, so that it is the same in every report.

    A variant whose name begins with a chosen operator's (``nystrom_pinv``) has its colour and another marker; a
    stranger's are drawn from its name's checksum.
    """
    if operator in LOOKS:
        return LOOKS[operator]
    digest = zlib.crc32(operator.encode())
    parents = [name for name in LOOKS if operator.startswith(f"{name}_")]
    if parents:
        parent = LOOKS[max(parents, key=len)]
        others = [marker for marker in _MARKERS if marker != parent.marker]
        return Look(parent.slot, others[digest % len(others)])
    slots = [slot for slot in PALETTE if slot not in ("ink", "grey")]
    return Look(slots[digest % len(slots)], _MARKERS[digest // len(slots) % len(_MARKERS)])


def marker_path(marker: str) -> str:
    """Gives a marker's outline for SVG's attribute ``d``, one unit wide, y downwards."""
    from matplotlib.markers import MarkerStyle

    style = MarkerStyle(marker)
    path = style.get_path().transformed(style.get_transform())
    words = []
    for points, code in path.iter_segments():
        pairs = " ".join(f"{x:.3g},{-y:.3g}" for x, y in zip(points[::2], points[1::2], strict=True))
        words.append({1: f"M{pairs}", 2: f"L{pairs}", 3: f"Q{pairs}", 4: f"C{pairs}", 79: "Z"}[int(code)])
    return "".join(words)


def css_variables(dark: bool) -> str:
    """Gives the palette as CSS custom properties: ``--c-blue: #0072b2;`` …"""
    return " ".join(f"--c-{slot}: {colors[dark]};" for slot, colors in PALETTE.items())


def rc(salt: str) -> dict[Any, Any]:
    """Gives matplotlib's settings for a report's pictures.

    Args:
        salt: makes the identifiers inside an SVG differ from those of the page's other pictures.
    """
    return {
        "figure.dpi": 144,
        "savefig.dpi": 144,
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "text.parse_math": False,
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9.0,
        "savefig.facecolor": "white",
        "axes.facecolor": PAPER,
        "axes.titlesize": 9.5,
        "axes.titlelocation": "left",
        "axes.titleweight": "normal",
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.linewidth": 0.7,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": SOFT,
        "grid.linewidth": 0.6,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.major.size": 3.0,
        "ytick.major.size": 3.0,
        "lines.linewidth": 1.5,
        "lines.markersize": 5.0,
        "legend.frameon": False,
    }
