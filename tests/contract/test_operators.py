"""Every operator of the catalogue keeps the contract that `bench.testing` states."""

from __future__ import annotations

import pytest
import torch

from bench import operators
from bench.audit.examine import applying
from bench.audit.subject import Subject
from bench.testing import Check, checks
from bench.testing._assertion import assertion

# without a kernel on the CPU
CUDA_ONLY = ("sdpa_cudnn", "sdpa_efficient")
CLAIMS = [(name, check) for name in operators.names() if name not in CUDA_ONLY for check in checks(name)]


@pytest.mark.parametrize(
    ("name", "check"), CLAIMS, ids=[f"{name}-{check.__name__.removeprefix('check_')}" for name, check in CLAIMS]
)
def test_an_operator_does_as_it_claims(name: str, check: Check) -> None:
    check(name)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(
    ("name", "claim"), [(name, claim) for name in operators.names() for claim in applying(Subject(name))]
)
def test_an_operator_does_as_it_claims_on_cuda(name: str, claim: str) -> None:
    assertion(claim)(name, "cuda")
