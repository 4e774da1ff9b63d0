from __future__ import annotations

import numpy as np

from bench.table.tasks import curve_points


def test_a_point_of_a_curve_that_is_not_finite_stays_absent():
    assert np.isnan(curve_points("0:0:0.2 50:1.5:nan")[1, 2])


def test_an_empty_curve_has_no_points():
    assert curve_points("").shape == (0, 3)
