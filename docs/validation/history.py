"""How often `bench history` sees a step that is not there, and how often one that is: simulated series, known truth.

``python docs/validation/history.py``; about six minutes. Noise has standard deviation 1; a step is given in those.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

import numpy as np

from bench.analysis.changepoint import change_points, memory

SERIES = 2000
BESIDE = 40  # series of the same machine, from which the memory of its noise is taken


def noise(rng: np.random.Generator, count: int, correlation: float, tails: str) -> np.ndarray:
    """Gives an AR(1) series of standard deviation 1; `tails` are those of its shocks."""
    shocks = rng.standard_t(3, count + 50) / math.sqrt(3) if tails == "t3" else rng.standard_normal(count + 50)
    x = np.zeros(count + 50)
    for i in range(1, count + 50):
        x[i] = correlation * x[i - 1] + math.sqrt(1 - correlation**2) * shocks[i]
    return x[50:]


def shared(rng: np.random.Generator, count: int, correlation: float, tails: str) -> float:
    """Gives the memory that so many series of a machine show."""
    return memory([noise(rng, count, correlation, tails) for _ in range(BESIDE)])


def false_steps(rng: np.random.Generator) -> Iterator[str]:
    """Yields the share of series without a step in which one is seen."""
    yield "| runs | " + " | ".join(f"{tails}, {c:g}" for tails in ("normal", "t3") for c in (0, 0.3, 0.5, 0.7)) + " |"
    yield "|---|" + "---|" * 8
    for count in (8, 12, 20, 40):
        cells = []
        for tails in ("normal", "t3"):
            for correlation in (0.0, 0.3, 0.5, 0.7):
                seen = 0
                for number in range(SERIES):
                    if number % BESIDE == 0:
                        remembered = shared(rng, count, correlation, tails)
                    seen += bool(change_points(noise(rng, count, correlation, tails), memory=remembered))
                cells.append(f"{100 * seen / SERIES:.2f} %")
        yield f"| {count} | " + " | ".join(cells) + " |"


def found_steps(rng: np.random.Generator) -> Iterator[str]:
    """Yields the share of series in which a step is seen within a run of its place; 20 runs before it."""
    sizes = (2, 3, 4, 5, 6)
    yield "| runs after it | " + " | ".join(f"{size} scatters" for size in sizes) + " |"
    yield "|---|" + "---|" * len(sizes)
    for after in (3, 5, 10, 20):
        cells = []
        for size in sizes:
            seen = 0
            for _ in range(SERIES // 2):
                x = noise(rng, 20 + after, 0.0, "normal")
                x[20:] += size
                seen += any(abs(place - 20) <= 1 for place in change_points(x))
            cells.append(f"{100 * seen / (SERIES // 2):.0f} %")
        yield f"| {after} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    for table in (false_steps, found_steps):
        for line in table(generator):
            print(line)
            sys.stdout.flush()
        print()
