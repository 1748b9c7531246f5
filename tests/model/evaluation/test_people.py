from __future__ import annotations

import math

import numpy as np
import pytest

from model.evaluation.tables import mean_over_people


def test_the_interval_is_the_means_own_spread() -> None:
    values = np.random.default_rng(0).normal(70, 10, 60)
    found = mean_over_people(values)
    assert found.mean == pytest.approx(values.mean()) and found.people == 60
    error = values.std(ddof=1) / math.sqrt(60)
    assert found.low == pytest.approx(found.mean - 1.96 * error, abs=0.15 * error)
    assert found.high == pytest.approx(found.mean + 1.96 * error, abs=0.15 * error)
    assert mean_over_people(values) == found
    assert mean_over_people(values, seed=1).low != found.low


def test_people_without_a_value_do_not_count() -> None:
    found = mean_over_people([20.0, math.nan, 40.0])
    assert (found.mean, found.people, found.low, found.high) == (30, 2, 20, 40)


def test_one_person_tells_nothing_of_others_and_nobody_nothing() -> None:
    one = mean_over_people([50.0])
    assert (one.mean, one.people) == (50, 1) and math.isnan(one.low) and math.isnan(one.high)
    nobody = mean_over_people([])
    assert nobody.people == 0 and math.isnan(nobody.mean)
