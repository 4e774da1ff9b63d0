"""What the characters just before it tell of a character: the baseline of a language model of characters.

In: two texts as symbols. Out: the bits that each of the second costs when counts in the first are believed. The
counts after a context are smoothed by what its last characters alone say, as if that had been seen `_PRIOR` times:
``p(x | c) = (n(c x) + prior · p(x | c')) / (n(c) + prior)``, c' being c without its first character, and 1 / symbols
where no context is left. For orientation, on Reuters r52: 4.13 bits without context, 2.11 after three characters.

Source: MacKay and Peto, Natural Language Engineering 1 (3), 1995, equation 20, with one weight for all contexts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["bits"]

_PRIOR = 5.0


def bits(
    known: NDArray[np.int64], text: NDArray[np.int64], places: NDArray[np.int64], *, context: int, symbols: int
) -> NDArray[np.float64]:
    """Gives the cost of the symbols of a text at some places, ``[len(places)]``, in bits.

    Args:
        known: the text that is counted, numbers below `symbols`.
        text: another one; its first symbols have the end of `known` before them.
        places: in `text`.
        context: how many symbols before a symbol are looked at; 0: it is told by how common it is.
        symbols: how many there are.
    """
    text = np.concatenate([known[len(known) - context :], text])
    places = places + context
    probability = np.full(len(places), 1 / symbols)
    for length in range(context + 1):
        seen, asked = _runs(known, length + 1, symbols), _runs(text, length + 1, symbols)[places - length]
        runs, contexts = _count(seen, asked), _count(seen // symbols, asked // symbols)
        probability = (runs + _PRIOR * probability) / (contexts + _PRIOR)
    cost: NDArray[np.float64] = -np.log2(probability)
    return cost


def _runs(text: NDArray[np.int64], length: int, symbols: int) -> NDArray[np.int64]:
    """Gives a number for each run of `length` symbols, by its first place; the last symbol is the lowest digit."""
    last = len(text) - length + 1
    number = np.zeros(last, dtype=np.int64)
    for place in range(length):
        number = number * symbols + text[place : place + last]
    return number


def _count(seen: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.int64]:
    """Gives how often each of `asked` is in `seen`."""
    values, counts = np.unique(seen, return_counts=True)
    place = np.searchsorted(values, asked).clip(max=len(values) - 1)
    return np.where(values[place] == asked, counts[place], 0)
