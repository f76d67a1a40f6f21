"""Welfare and its losses against closed forms of the textbook market, and of single utilities."""

from __future__ import annotations

import numpy as np
import pytest

from wattpost.game import (
    Ces,
    Crra,
    Economy,
    Exponential,
    Linear,
    Log,
    Producer,
    Quadratic,
    Standard,
    Utility,
    equivalent,
    loss,
    solve_competitive,
    solve_nash,
    welfare,
)

THETA, ENDOWMENTS = 1.7, (4.0, 6.0, 10.0)


def textbook(c: float, plants: int, home: Utility | None = None, maker: Utility | None = None) -> Economy:
    """Homes that want electricity alone and identical plants that want the good alone: Omega = 20."""
    homes = tuple(Standard(f"home-{i}", w, home or Log([1.0], 0.0)) for i, w in enumerate(ENDOWMENTS))
    makers = tuple(Producer(f"plant-{i}", THETA, c, 1e6, maker or Log([0.0], 1.0)) for i in range(plants))
    return Economy(1, homes, makers)


@pytest.mark.parametrize("c", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("plants", [2, 3, 7])
def test_loss__of_the_textbook_market__is_the_closed_form(c: float, plants: int) -> None:
    # Everybody spends the same as under competition, and Q is smaller by ((P-1)/P)^2c; inputs by ((P-1)/P)^2.
    economy, mark = textbook(c, plants), ((plants - 1) / plants) ** 2
    found = loss(economy, solve_competitive(economy), solve_nash(economy))
    homes, makers = mark**-c - 1.0, -((1.0 - c * mark) / (1.0 - c) - 1.0)
    assert found.equivalents[:3] == pytest.approx(np.full(3, homes), rel=1e-8)
    assert found.equivalents[3:] == pytest.approx(np.full(plants, makers), rel=1e-8)
    assert found.mean == pytest.approx((3 * homes + plants * makers) / (3 + plants), rel=1e-7, abs=1e-9)
    assert found.utilitarian == pytest.approx(3 * np.log1p(homes) - plants * np.log1p(-makers), rel=1e-8, abs=1e-9)
    assert found.compared == 3 + plants


def test_loss__with_constant_returns__is_the_whole_markup() -> None:
    economy = textbook(1.0, 4)
    found = loss(economy, solve_competitive(economy), solve_nash(economy))
    assert found.equivalents[:3] == pytest.approx(np.full(3, (4 / 3) ** 2 - 1.0), rel=1e-8)
    # Under competition a plant earns nothing, of which no factor makes what it earns at Nash.
    assert np.all(np.isneginf(found.equivalents[3:]))
    assert found.mean == pytest.approx((4 / 3) ** 2 - 1.0, rel=1e-8)


@pytest.mark.parametrize("form", [Crra([1.0], 0.0, gamma=2.5), Ces([1.0], 0.0, rho=0.5), Linear([1.0], 0.0)])
def test_loss__in_equivalents__does_not_depend_on_how_utility_is_written(form: Utility) -> None:
    # With one period every form ranks alike, so that quantities and the factor are those of log.
    economy = textbook(0.5, 3, home=form)
    found = loss(economy, solve_competitive(economy), solve_nash(economy))
    assert found.equivalents[:3] == pytest.approx(np.full(3, 0.5), rel=1e-8)


def test_welfare__of_the_textbook_market__is_the_sum_of_its_logs() -> None:
    economy = textbook(0.5, 3)
    found = welfare(solve_nash(economy))
    made = THETA * np.sqrt(0.5 * (2 / 3) ** 2 * 20.0 / 3)
    inputs = (made / THETA) ** 2
    expected = sum(np.log(3 * made * w / 20.0) for w in ENDOWMENTS) + 3 * np.log(20.0 / 3 - inputs)
    assert found.total == pytest.approx(expected, rel=1e-9) and found.outside == 0


@pytest.mark.parametrize(
    ("utility", "target", "expected"),
    [
        (Log([2.0, 1.0], 1.0), lambda now: now + 4.0 * np.log(1.3), 0.3),
        (Crra([2.0, 1.0], 1.0, gamma=3.0), lambda now: now * 1.25**-2, 0.25),
        (Ces([2.0, 1.0], 1.0, rho=-1.0), lambda now: now * 1.1, 0.1),
        (Linear([2.0, 1.0], 1.0), lambda now: now * 1.7, 0.7),
        (Exponential([2.0, 0.0], 0.0, alpha=0.5), lambda _: 2.0 * (1 - np.exp(-0.5 * 1.5 * 2.0)) / 0.5, 1.0),
        (Quadratic([2.0, 0.0], 0.0, bliss=5.0), lambda _: -((5.0 - 3.0) ** 2), 1.0),
    ],
)
def test_equivalent__of_every_form__is_its_closed_form(utility: Utility, target: object, expected: float) -> None:
    now = utility.value([1.5, 2.5], 0.8)
    assert callable(target)
    assert equivalent(utility, [1.5, 2.5], 0.8, float(target(now))) == pytest.approx(expected, rel=1e-9)


def test_equivalent__where_growing_reaches_nothing__is_kwh_added_or_infinity() -> None:
    assert equivalent(Linear([2.0, 3.0], 0.0), [0.0, 0.0], 0.0, 10.0) == pytest.approx(2.0)  # 2 kWh in each period
    assert equivalent(Quadratic([1.0], 0.0, bliss=1.0), [1.0], 0.0, 1.0) == np.inf
