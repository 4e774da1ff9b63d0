import math

import numpy as np
import pytest

from bench.stats.pace import MOOD_S, corrected_logs, drift_sd, mood_sd


def test_a_machine_twice_as_slow_gives_the_same_corrected_latency():
    logs = corrected_logs([1.0, 2.0, 1.0], [0.1, 0.2, 0.1], 0.1)

    assert np.exp(logs) == pytest.approx([1.0, 1.0, 1.0])


def test_a_round_without_a_pace_has_no_corrected_latency():
    assert np.isnan(corrected_logs([1.0], [float("nan")], 0.1)[0])


def test_a_steady_run_on_a_machine_that_differed_before_owns_up_to_it():
    steady = drift_sd([1.0, 1.0, 1.0, 1.0], earlier_paces_s=[1.3, 0.8, 1.5])

    assert steady > 0.2


def test_a_run_without_paces_has_no_known_drift():
    assert drift_sd([]) == 0.0


def test_over_four_moods_a_ratio_wanders_half_as_much_as_in_one():
    assert mood_sd(0.02, [0.0, 10.0, 50.0]) == 0.02
    assert mood_sd(0.02, [minute * MOOD_S + 1 for minute in (0, 1, 5, 9)]) == 0.01
    assert mood_sd(0.02, [1.0, *(9 * MOOD_S + second for second in range(50))]) == 0.02 / math.sqrt(2)
