"""Derivatives of equilibria against finite differences of whole solutions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from wattpost.game import (
    Crra,
    Economy,
    Log,
    Producer,
    Solution,
    Standard,
    parameter,
    sensitivity,
    solve_nash,
    welfare,
)
from wattpost.game.arrays import FloatArray


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


Build = Callable[[float], Economy]

KAPPA, GAS = 2e-7, 1.5e5
"""kWh per gas, and gas of an agent's day."""


def solved(build: Build, value: float) -> Solution:
    found = solve_nash(build(value))
    assert found.solved
    return found


def by_solving(build: Build, at: float, step: float, read: Callable[[Solution], FloatArray]) -> FloatArray:
    """The derivative from whole solutions, by Richardson's extrapolation of central differences."""
    rough, fine = (
        (read(solved(build, at + h)) - read(solved(build, at - h))) / (2.0 * h) for h in (step * at, 0.5 * step * at)
    )
    return np.asarray((4.0 * fine - rough) / 3.0)


@pytest.mark.parametrize(
    ("key", "at"),
    [("theta", 2.0), ("c", 0.5), ("K", 0.7), ("omega", 4.0), ("V", 0.02), ("weight", 0.5), ("kappa", KAPPA)],
)
def test_sensitivity__agrees_with_extrapolated_differences_of_solutions(key: str, at: float) -> None:
    def build(value: float) -> Economy:
        return economy(V=value * GAS) if key == "kappa" else economy(**{key: value})

    found = sensitivity(build, at, solve_nash(build(at)))
    assert found.error < 1e-5
    for name in ("prices", "totals", "allocations", "offers", "utilities"):
        expected = by_solving(build, at, 2e-3, lambda solution: getattr(solution, name))  # noqa: B023
        size = float(np.max(np.abs(expected)))
        assert getattr(found, name) == pytest.approx(expected, rel=1e-7, abs=1e-7 * size), name
    assert found.welfare == pytest.approx(found.utilities.sum())


def test_sensitivity__of_welfare_to_kappa__is_negative_and_counts_everybody() -> None:
    build: Build = lambda value: economy(V=value * GAS)  # noqa: E731
    found = sensitivity(build, KAPPA, solve_nash(build(KAPPA)))
    step = 1e-3 * KAPPA
    change = welfare(solved(build, KAPPA + step)).total - welfare(solved(build, KAPPA - step)).total
    assert found.welfare < 0
    assert found.welfare == pytest.approx(change / (2 * step), rel=1e-5)


@pytest.mark.parametrize("c", [0.3, 0.5, 0.8])
def test_sensitivity__of_the_textbook_market__is_the_closed_form(c: float) -> None:
    # q = theta [c ((P-1)/P)^2 Omega/P]^c, so dq/dtheta = q/theta and, for all endowments alike, dq/dOmega = c q/Omega.
    def build(theta: float, omega: float = 4.0) -> Economy:
        homes = [Standard("home", omega, Log([1.0], 0.0))] * 5
        return Economy(1, tuple(homes), tuple(Producer("p", theta, c, 99.0, Log([0.0], 1.0)) for _ in range(3)))

    nash = solve_nash(build(1.7))
    by_theta = sensitivity(build, 1.7, nash)
    assert by_theta.offers[5:, 0] == pytest.approx(nash.offers[5:, 0] / 1.7, rel=1e-9)
    assert by_theta.prices == pytest.approx(-nash.prices / 1.7, rel=1e-9)
    by_omega = sensitivity(lambda omega: build(1.7, omega), 4.0, nash)
    assert by_omega.offers[5:, 0] == pytest.approx(c * nash.offers[5:, 0] / 4.0, rel=1e-9)
    assert by_omega.utilities[:5] == pytest.approx(np.full(5, c / 4.0), rel=1e-9)


def test_sensitivity__at_no_verification__is_taken_from_above() -> None:
    build: Build = lambda value: economy(V=value)  # noqa: E731
    found = sensitivity(build, 0.0, solve_nash(build(0.0)))
    here, near, far = (solved(build, value).prices for value in (0.0, 1e-4, 2e-4))
    assert found.prices == pytest.approx((-3 * here + 4 * near - far) / 2e-4, rel=1e-4)


def test_sensitivity__at_a_kink__confesses() -> None:
    # Capacity that just binds: the derivative by K is one thing below and nothing above.
    def build(capacity: float) -> Economy:
        homes = [Standard("home", 8.0, Log([1.0], 0.0))] * 2
        return Economy(1, tuple(homes), tuple(Producer("p", 2.0, 0.5, capacity, Log([0.0], 1.0)) for _ in range(2)))

    assert sensitivity(build, 2.0, solve_nash(build(2.0))).error > 1e-2  # q = 2 is what each would make
    assert sensitivity(build, 3.0, solve_nash(build(3.0))).error < 1e-6


@pytest.mark.parametrize(
    "name",
    [
        "theta:sun",
        "c:wind",
        "capacity:sun",
        "endowment:home",
        "weight:home:2",
        "weight:shop:0",
        "verification",
        "kappa",
    ],
)
def test_parameter__by_name__moves_what_it_names(name: str) -> None:
    given = economy()
    build, now = parameter(given, name, kappa=KAPPA)
    same, found = build(now), solve_nash(given)
    assert solve_nash(same).prices == pytest.approx(found.prices, rel=1e-12)
    moved = sensitivity(build, now, found)
    high = solved(build, now * 1.001).prices
    assert moved.prices * 0.001 * now == pytest.approx(high - found.prices, rel=2e-2, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("colour:sun", "no parameter"),
        ("theta", "theta:AGENT"),
        ("theta:moon", "no agent is called moon"),
        ("theta:home", "has no plant"),
        ("endowment:sun", "has no endowment"),
        ("investment_cost:sun", "does not choose"),
        ("weight:home:3", "periods are 1 to 2"),
        ("kappa:sun", "write kappa alone"),
        ("kappa", "nothing is burnt"),
    ],
)
def test_parameter__that_is_none__is_refused_by_name(name: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parameter(economy(V=0.0), name, kappa=KAPPA)
