"""A picture's SVG becomes pieces of the page: one small SVG a panel, in colours that follow the reader's scheme.

Goes in: the text of an SVG that matplotlib wrote. Comes out: its panels, which the page lays out in as many columns
as fit, so that a picture of twelve panels is readable on a telephone. Nothing of a piece refers outside the page.
"""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report.figures._panels import MARGINS
from bench.report.style import INK, PALETTE, PAPER, SOFT

__all__ = ["Piece", "Pieces", "cut"]

_POINTS = 72.0


@dataclasses.dataclass(frozen=True, slots=True)
class Piece:
    """One panel of a picture."""

    view: str
    """The SVG's viewBox, in points."""
    width: float
    """Of the viewBox, in points."""
    markup: Markup
    """What stands inside the ``<svg>``."""
    label: str
    """What a screen reader says."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pieces:
    """A picture in pieces."""

    shared: Markup
    """Definitions that the pieces refer to; they must be in the page, and not hidden by `display`."""
    pieces: tuple[Piece, ...]


def cut(svg: str, figure: Figure) -> Pieces:
    """Gives the panels of a picture.

    Args:
        svg: what `figure.savefig` wrote.
        figure: the picture; its axes with a gid ``panel…`` are the panels. Without any, it is one piece.
    """
    root = ElementTree.fromstring(_plain(svg))
    shared = _text([clip for defs in root.findall("defs") for clip in defs if clip.tag == "clipPath"], "defs")
    groups = {group.get("id", ""): group for group in root.iter("g")}
    axes = [ax for ax in figure.axes if str(ax.get_gid() or "").startswith("panel")]
    if not axes:
        width, height = (float(side) * _POINTS for side in figure.get_size_inches())
        return Pieces(shared, (Piece(f"0 0 {width:.2f} {height:.2f}", width, _text(root.findall("g")), "figure"),))
    pieces = []
    for ax, (view, width) in zip(axes, _views(figure, axes), strict=True):
        label = ax.get_title(loc="left").replace("\n", " ")
        pieces.append(Piece(view, width, _text([groups[str(ax.get_gid())]]), label))
    return Pieces(shared, tuple(pieces))


def _views(figure: Figure, axes: list[Axes]) -> list[tuple[str, float]]:
    """Gives the viewBox of each panel and its width: panels stand on an even grid, their words inside `MARGINS`."""
    whole, height = (float(side) for side in figure.get_size_inches())
    starts = sorted({round(ax.get_position().x0, 4) for ax in axes})
    width = whole / len(starts)
    views = []
    for ax in axes:
        place = ax.get_position()
        left = starts.index(round(place.x0, 4)) * width
        top = (1 - place.y1) * height - MARGINS[3]
        tall = (place.y1 - place.y0) * height + MARGINS[2] + MARGINS[3]
        box = [side * _POINTS for side in (left, top, width, tall)]
        views.append((" ".join(f"{side:.2f}" for side in box), box[2]))
    return views


def _plain(svg: str) -> str:
    """Takes what belongs to a file off: namespaces, document type, fonts; puts the page's colours in."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r' xmlns(:\w+)?="[^"]*"', "", body).replace("xlink:href", "href")
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'font: ([\d.]+px)[^;"]*', r"font: \1 system-ui, sans-serif", body)
    colors = {colors[0]: f"var(--c-{slot})" for slot, colors in PALETTE.items()}
    for color, name in {**colors, INK: "var(--ink)", SOFT: "var(--soft)", PAPER: "var(--paper)"}.items():
        body = body.replace(color, name)
    return body


def _text(elements: list[ElementTree.Element], around: str = "") -> Markup:
    """Gives elements as text, without the names that only a file needs; markers and clips keep theirs."""
    for group in (group for element in elements for group in element.iter("g")):
        group.attrib.pop("id", None)
    text = "".join(ElementTree.tostring(element, encoding="unicode") for element in elements)
    text = re.sub(r"\s*\n\s*", " ", text)
    # Safe as it stands: matplotlib and ElementTree both escape what is text.
    return Markup(f"<{around}>{text}</{around}>" if around else text)
