"""Operators of a plug-in, of which one crashes its process and one never answers, each in one property only."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from bench import operators
from bench.case import Case

_NAIVE = type(operators.load("full_naive"))


class Crashing(_NAIVE):  # type: ignore[misc, valid-type]
    """Ends its process where it is called with float16, as only some properties do."""

    def build(self, case: Case, generator: Any) -> Callable[..., Any]:
        if case.dtype == "float16":
            os.kill(os.getpid(), signal.SIGKILL)
        return super().build(case, generator)


class Hanging(_NAIVE):  # type: ignore[misc, valid-type]
    """Never returns where it is called with float16."""

    def build(self, case: Case, generator: Any) -> Callable[..., Any]:
        while case.dtype == "float16":
            signal.pause()
        return super().build(case, generator)


MEMBERS = {"crashing": Crashing(), "hanging": Hanging()}
