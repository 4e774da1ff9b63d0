"""Run with pytest after the package is installed: it keeps the contract that bench's own operators keep."""

from __future__ import annotations

import pytest

import bench.testing


@pytest.mark.parametrize("check", bench.testing.checks("block_local"))
def test_it_does_as_it_claims(check: bench.testing.Check) -> None:
    check("block_local")
