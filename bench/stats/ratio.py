"""Block times of one round -> one number a member: its time a call, and its ratio to the baseline.

Ratios are formed turn by turn, between blocks that ran within a fraction of a second of each other; whatever slows
the machine down slows both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

__all__ = ["round_latency", "round_log_ratio"]


def round_latency(per_call_s: Mapping[int, float]) -> float:
    """Gives the median seconds a call over the turns of a round; NaN without turns.

    Args:
        per_call_s: turn -> seconds a call.
    """
    return float(np.median(list(per_call_s.values()))) if per_call_s else math.nan


def round_log_ratio(per_call_s: Mapping[int, float], baseline_s: Mapping[int, float]) -> float:
    """Gives the median over turns of ``ln(case / baseline)``; NaN where they share no turn.

    Args:
        per_call_s: turn -> seconds a call of the case.
        baseline_s: turn -> seconds a call of the baseline, in the same round.
    """
    shared = per_call_s.keys() & baseline_s.keys()
    return float(np.median([math.log(per_call_s[t] / baseline_s[t]) for t in shared])) if shared else math.nan
