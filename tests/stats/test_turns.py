import itertools
import random
from collections import Counter

import pytest

from bench.stats.turns import mirrored_orders, turn_orders


def _square(members):
    rows = members if members % 2 == 0 else 2 * members
    return list(itertools.islice(turn_orders(members, random.Random(1)), rows))


@pytest.mark.parametrize("members", range(1, 14))
def test_every_turn_has_every_member_once(members):
    assert all(sorted(row) == list(range(members)) for row in _square(members))


@pytest.mark.parametrize("members", range(2, 14))
def test_every_member_stands_in_every_place_equally_often(members):
    rows = _square(members)
    places = Counter((place, member) for row in rows for place, member in enumerate(row))

    assert len(places) == members * members
    assert len(set(places.values())) == 1


@pytest.mark.parametrize("members", range(2, 14))
def test_every_member_follows_every_other_equally_often(members):
    """The property of Williams' squares that a cyclic Latin square lacks."""
    followers = Counter(pair for row in _square(members) for pair in itertools.pairwise(row))

    assert len(followers) == members * (members - 1)
    assert len(set(followers.values())) == 1


def test_two_seeds_give_two_orders():
    first, second = (next(turn_orders(8, random.Random(seed))) for seed in (1, 2))

    assert first != second


def test_mirrored_orders_go_abba_or_baab() -> None:
    orders = list(itertools.islice(mirrored_orders(2, random.Random(0)), 40))

    assert all(first == tuple(reversed(second)) for first, second in zip(orders[::2], orders[1::2], strict=True))
    assert set(orders[::2]) == {(0, 1), (1, 0)}
