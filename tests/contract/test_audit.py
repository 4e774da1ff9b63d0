"""Every property of the audit says what it is and what an operator claims of it; our own operators keep their claims
in test_operators.py, where each property is an assertion.
"""

from __future__ import annotations

import pytest

from bench import audit, operators
from bench.audit.examine import applying
from bench.audit.subject import Subject


@pytest.mark.parametrize("name", audit.names())
def test_a_property_is_explained_in_one_sentence(name: str) -> None:
    assert audit.load(name).about.endswith((".", ")."))
    assert (audit.load(name).__doc__ or "").strip()


@pytest.mark.parametrize("name", audit.names())
def test_what_is_claimed_is_said_in_words(name: str) -> None:
    claims = [audit.load(name).claimed(operators.load(operator)) for operator in operators.names()]

    assert all(isinstance(words, str) for words in claims)
    assert any(claims) or name == "agreement"  # which packages claim, not we


@pytest.mark.parametrize("operator", operators.names())
def test_some_property_has_a_meaning_for_every_operator(operator: str) -> None:
    assert {"shapes", "batch_independence", "deterministic"} <= set(applying(Subject(operator)))
