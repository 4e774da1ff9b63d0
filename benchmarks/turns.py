"""A pytest plug-in for `against.py`: a session that times a round only when it is told to.

So two sessions can be alive together and take turns. On the socket whose number is in ``BENCH_TURNS`` a session says
``r`` before a round and ``d`` after it, and waits for a byte each time. It works with `benchmark.pedantic`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

_CHANNEL = socket.socket(fileno=int(os.environ["BENCH_TURNS"]))


def _say_and_wait(word: bytes) -> None:
    _CHANNEL.sendall(word)
    if not _CHANNEL.recv(1):
        pytest.exit("nobody gives turns any more")


@pytest.fixture(autouse=True)
def in_turn(benchmark: Any) -> None:
    """Lets each round of the benchmark wait for its turn."""
    plain = benchmark.pedantic

    def pedantic(target: Callable[..., Any], *, teardown: Callable[..., Any] | None = None, **words: Any) -> Any:
        def end(*args: Any) -> None:
            if teardown is not None:
                teardown(*args)
            _say_and_wait(b"d")

        return plain(target, setup=lambda: _say_and_wait(b"r"), teardown=end, **words)

    benchmark.pedantic = pedantic
