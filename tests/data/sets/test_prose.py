"""The prose is the text of the edition, without its brackets."""

from __future__ import annotations

import hashlib

import pytest

from bench.data.sets import prose

SHA256 = "7da10c3d4b772608edb8a8b37f5319b0e20dc39154c5a532e6553dac427a9dc5"

pytestmark = pytest.mark.usefixtures("fetched")


def test_the_text_is_the_edition_without_brackets() -> None:
    text = prose.text()

    # The edition's string has 4,181,902 characters, sha256 c98241f3…; without [ and ] this is what is left.
    assert (len(text), hashlib.sha256(text.encode()).hexdigest()) == (4_138_978, SHA256)


def test_a_paragraph_is_a_line() -> None:
    lines = prose.text().splitlines()

    assert lines[1] == (
        "In the beginning God created the heaven and the earth. And the earth was without form, and void; and "
        "darkness was upon the face of the deep. And the Spirit of God moved upon the face of the waters."
    )
