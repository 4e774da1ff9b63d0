"""Real data for the tests of tasks: got by the real fetch, once, and told where they cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.case import Case
from bench.data.fetch import UnavailableError, fetch, with_needs


@pytest.fixture(scope="module")
def fetched(request: pytest.FixtureRequest) -> None:
    """What the `SOURCES` of the test's module name lies in the usual folder; its tests are skipped where it can't."""
    for source in with_needs(request.module.SOURCES):
        try:
            fetch(source)
        except UnavailableError as error:
            pytest.skip(str(error))


@pytest.fixture(scope="session")
def case() -> Callable[..., Case]:
    """What makes a case of a small transformer; `model` names another."""

    def made(task: str, seq_len: int, model: str | None = None) -> Case:
        words: dict[str, Any] = {"operator": "sdpa", "provider": "torch", "scope": "model"}
        return Case(**words, task=task, model=model, seq_len=seq_len, num_heads=4, head_dim=16, hidden_size=64)

    return made
