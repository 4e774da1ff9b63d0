"""Every operator of the catalogue keeps the contract that `bench.testing` states."""

from __future__ import annotations

import pytest

from bench import operators
from bench.testing import Check, checks

# the checks call on the CPU, where these have no kernel: tests/operators/attention/test_sdpa_backends.py has theirs
CUDA_ONLY = ("sdpa_cudnn", "sdpa_efficient")
CLAIMS = [(name, check) for name in operators.names() if name not in CUDA_ONLY for check in checks(name)]


@pytest.mark.parametrize(
    ("name", "check"), CLAIMS, ids=[f"{name}-{check.__name__.removeprefix('check_')}" for name, check in CLAIMS]
)
def test_an_operator_does_as_it_claims(name: str, check: Check) -> None:
    check(name)
