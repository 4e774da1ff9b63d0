"""The order in which the processes of a round take turns.

A linear drift of the machine must not favour a member, nor the member that ran before it: so orders come from
Williams' squares, in which each member stands in each place, and after each other member, equally often.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

__all__ = ["mirrored_orders", "turn_orders"]


def turn_orders(members: int, rng: random.Random) -> Iterator[tuple[int, ...]]:
    """Yields the order of one turn after another, without end.

    Args:
        members: how many processes are alive.
        rng: the source of the random labels and rows.

    Source: Williams, "Experimental designs balanced for the estimation of residual effects of treatments", 1949.
    An odd number of members needs a square and its mirror, an even one the square alone.
    """
    zigzag = [(step + 1) // 2 if step % 2 else -step // 2 for step in range(members)]
    rows = [tuple((place + shift) % members for place in zigzag) for shift in range(members)]
    if members % 2:
        rows += [tuple(reversed(row)) for row in rows]
    while True:
        labels = rng.sample(range(members), members)
        for row in rng.sample(rows, len(rows)):
            yield tuple(labels[place] for place in row)


def mirrored_orders(members: int, rng: random.Random) -> Iterator[tuple[int, ...]]:
    """Yields the order of one turn after another, each second one the mirror of the one before: ABBA, or BAAB.

    A linear drift within two turns favours neither of a pair, and no member starts more often than another.

    Args:
        members: how many processes are alive.
        rng: the source of the order of each first turn.
    """
    while True:
        order = tuple(rng.sample(range(members), members))
        yield order
        yield tuple(reversed(order))
