"""Derivatives of equilibria against finite differences of whole solutions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from wattpost.game import Crra, Economy, Log, Producer, Standard, sensitivity, solve_nash


def economy(**change: float) -> Economy:
    at = {"theta": 2.0, "c": 0.5, "K": 3.0, "omega": 4.0, "V": 0.02, "weight": 0.5} | change
    standard = (
        Standard("home", at["omega"], Log([1.0, at["weight"]], 0.3)),
        Standard("shop", 7.0, Crra([0.4, 1.0], 0.5, gamma=2.0)),
    )
    makers = (
        Producer("sun", at["theta"], at["c"], [at["K"], 0.8], Log([0.1, 0.2], 1.0)),
        Producer("wind", 1.5, 0.7, at["K"], Log([0.0, 0.0], 1.0)),
    )
    return Economy(2, standard, makers, at["V"])


@pytest.mark.parametrize(
    ("key", "at"), [("theta", 2.0), ("c", 0.5), ("K", 0.7), ("omega", 4.0), ("V", 0.02), ("weight", 0.5)]
)
def test_sensitivity__agrees_with_differences_of_solutions(key: str, at: float) -> None:
    build: Callable[[float], Economy] = lambda value: economy(**{key: value})  # noqa: E731
    found = sensitivity(build, at, solve_nash(build(at)))
    step = 1e-4 * at
    high, low = solve_nash(build(at + step)), solve_nash(build(at - step))
    scale = 2 * step
    assert found.prices == pytest.approx((high.prices - low.prices) / scale, rel=1e-4, abs=1e-6)
    assert found.totals == pytest.approx((high.totals - low.totals) / scale, rel=1e-4, abs=1e-6)
    assert found.allocations == pytest.approx((high.allocations - low.allocations) / scale, rel=1e-4, abs=1e-5)
    assert found.utilities == pytest.approx((high.utilities - low.utilities) / scale, rel=1e-3, abs=1e-5)
    assert np.isfinite(found.welfare)
