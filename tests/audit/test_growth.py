from __future__ import annotations

import pytest

from bench.audit.growth import exponent


def test_a_power_law_has_its_exponent() -> None:
    assert exponent((2, 4, 8), (3 * 2**1.5, 3 * 4**1.5, 3 * 8**1.5)) == pytest.approx(1.5)


def test_a_constant_cost_does_not_grow() -> None:
    assert exponent((2, 4, 8), (5, 5, 5)) == pytest.approx(0.0)
