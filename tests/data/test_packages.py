"""Packages that files cannot be opened without are named with what to type."""

from __future__ import annotations

import pytest

from bench.data.packages import lacking, require
from bench.errors import UsageError


def test_what_is_installed_is_not_lacking() -> None:
    assert lacking("torch", "numpy") is None


def test_all_that_is_missing_is_named_at_once() -> None:
    assert lacking("torch", "absent_one", "absent_two") == (
        "absent_one and absent_two not installed; pip install absent_one absent_two"
    )


def test_what_needs_a_missing_package_says_so() -> None:
    with pytest.raises(UsageError) as caught:
        require("whisper", "absent_one")
    assert str(caught.value) == "whisper: absent_one not installed; pip install absent_one"
