"""Every operator of the catalogue keeps the contract that `bench.testing` states."""

from __future__ import annotations

import pytest

from bench import operators
from bench.testing import Check, checks

CLAIMS = [(name, check) for name in operators.names() for check in checks(name)]


@pytest.mark.parametrize(
    ("name", "check"), CLAIMS, ids=[f"{name}-{check.__name__.removeprefix('check_')}" for name, check in CLAIMS]
)
def test_an_operator_does_as_it_claims(name: str, check: Check) -> None:
    check(name)
