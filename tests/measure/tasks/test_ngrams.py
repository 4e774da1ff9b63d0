"""Counts, smoothed as the module says, against sums done by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.measure.tasks._ngrams import bits

KNOWN = np.array([0, 1, 0, 1, 0])  # 0 three times, 1 twice; 01 twice, 10 twice


def probability(text: list[int], *, context: int, symbols: int = 2) -> NDArray[np.float64]:
    """Gives that of the last symbol of a text."""
    place = np.array([len(text) - 1])
    return 2.0 ** -bits(KNOWN, np.array(text), place, context=context, symbols=symbols)


def test_without_context_a_symbol_is_as_likely_as_it_is_common() -> None:
    # (3 + 5 / 2) / (5 + 5)
    assert probability([0], context=0) == pytest.approx(0.55, rel=1e-12)


def test_a_context_is_smoothed_by_the_shorter_one() -> None:
    # after 0, which has a symbol after it twice: (2 + 5 · 0.45) / (2 + 5)
    assert probability([0, 1], context=1) == pytest.approx(4.25 / 7, rel=1e-12)


def test_what_comes_before_a_text_is_the_end_of_the_known_one() -> None:
    assert probability([1], context=1) == probability([0, 1], context=1)


def test_a_symbol_that_was_never_seen_is_still_possible() -> None:
    # without context (0 + 5 / 3) / (5 + 5), after a context that was never seen the same
    assert probability([2], context=0, symbols=3) == pytest.approx(1 / 6, rel=1e-12)
    assert probability([2, 2], context=1, symbols=3) == pytest.approx(1 / 6, rel=1e-12)


@pytest.mark.parametrize("context", [0, 1, 3])
def test_the_probabilities_of_all_symbols_add_up_to_one(context: int) -> None:
    rng = np.random.default_rng(0)
    known, before = rng.integers(4, size=500), rng.integers(4, size=10)
    costs = [
        bits(known, np.append(before, symbol), np.array([10]), context=context, symbols=4)[0] for symbol in range(4)
    ]

    assert sum(2.0**-cost for cost in costs) == pytest.approx(1, rel=1e-12)


def test_a_text_without_order_costs_its_entropy() -> None:
    """Of 100,000 fair draws among 4, 2 bits each; counts after 64 contexts are 1,500, so that little is lost."""
    rng = np.random.default_rng(0)
    known, text = rng.integers(4, size=100_000), rng.integers(4, size=10_000)

    # what smoothed counts lose: about (symbols - 1) · contexts / (2 · ln 2 · known symbols) bits
    lost = 3 * 64 / (2 * math.log(2) * 100_000)
    found = bits(known, text, np.arange(10_000), context=3, symbols=4).mean()
    assert found == pytest.approx(2 + lost, abs=3 * lost)
