"""Forms: slopes, inverses and curvatures agree with differences; scenarios are read or refused."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import wattpost.game
from wattpost.game import Ces, Crra, Exponential, Linear, Log, Quadratic, Standard, opening_plan, utility_from
from wattpost.game.agents import Producer
from wattpost.game.equivalents import equivalent

ALL = [
    Log([1.0], 1.0),
    Ces([1.0], 1.0, rho=0.4),
    Ces([1.0], 1.0, rho=-1.5),
    Crra([1.0], 1.0, gamma=0.5),
    Crra([1.0], 1.0, gamma=1.0),
    Crra([1.0], 1.0, gamma=3.0),
    Exponential([1.0], 1.0, alpha=0.8),
    Quadratic([1.0], 1.0, bliss=4.0),
]


@pytest.mark.parametrize("utility", ALL, ids=lambda u: f"{u.form}-{u.shape}")
def test_form__slope_inverse_and_curvature__agree_with_differences(utility: Log) -> None:
    at, step = np.array([0.3, 1.0, 2.5]), 1e-6
    slope = utility.slope(at, utility.shape)
    rise = (utility.worth(at + step, utility.shape) - utility.worth(at - step, utility.shape)) / (2 * step)
    bend = (utility.slope(at + step, utility.shape) - utility.slope(at - step, utility.shape)) / (2 * step)
    assert slope == pytest.approx(rise, rel=1e-7)
    assert utility.decay(at, utility.shape) == pytest.approx(-bend / slope, rel=1e-6)
    assert utility.demand(slope, utility.shape) == pytest.approx(at, rel=1e-12)


def test_crra__at_one__is_log() -> None:
    assert Crra([1.0], 2.0, gamma=1.0).value([3.0], 5.0) == pytest.approx(Log([1.0], 2.0).value([3.0], 5.0))


def test_value__below_subsistence__is_minus_infinity() -> None:
    assert Linear([1.0], 1.0, [2.0]).value([1.9], 5.0) == -np.inf
    assert Linear([1.0], 1.0, [2.0]).value([3.0], 5.0) == 6.0


def test_equivalent__where_growing_cannot_help__adds_kwh() -> None:
    assert equivalent(Linear([1.0, 0.0], 0.0), [0.0, 0.0], 0.0, 3.0) == pytest.approx(3.0)
    assert equivalent(Quadratic([1.0], 0.0, bliss=1.0), [2.0], 0.0, 1.0) == np.inf


def test_utility_from__reads_and_refuses_by_key() -> None:
    found = utility_from({"form": "ces", "electricity": [1, 2], "numeraire": 0.5, "rho": -1.0}, 2)
    assert isinstance(found, Ces) and found.rho == -1.0 and found.periods == 2
    for bad, words in [
        ({"form": "cobb", "electricity": [1]}, "utility.form"),
        ({"form": "log", "electricity": [1, 2]}, "utility.electricity"),
        ({"form": "log", "electricity": [1], "rho": 0.5}, "utility.rho"),
        ({"form": "crra", "electricity": [1]}, "utility.gamma"),
        ({"form": "log", "electricity": [1], "subsistence": [-1]}, "utility.subsistence"),
    ]:
        with pytest.raises(ValueError, match=words):
            utility_from(bad, 1)


def test_opening_plan__bids_half_by_weight_and_offers_half() -> None:
    plant = Producer("plant", 2.0, 0.5, [4.0, 2.0], Log([0.1, 0.3], 0.6))
    plan = opening_plan(plant, held=100.0, verification=[0.0, 0.0])
    assert plan.bids == pytest.approx([5.0, 15.0])
    assert plan.numeraire_bid == pytest.approx(30.0)
    assert plan.offers == pytest.approx([2.0, 1.0])


def test_opening_plan__with_zero_weights__still_covers_needs() -> None:
    only_good = Producer("plant", 2.0, 0.5, 4.0, Log([0.0, 0.0], 1.0))
    assert opening_plan(only_good, held=100.0, verification=[0.0, 0.0]).numeraire_bid == pytest.approx(50.0)
    burning = opening_plan(only_good, held=100.0, verification=[0.1, 0.1])
    assert np.all(burning.bids > 0) and burning.bids.sum() + burning.numeraire_bid == pytest.approx(50.0)
    only_power = Producer("plant", 2.0, 0.5, 4.0, Log([1.0, 1.0], 0.0))
    assert opening_plan(only_power, held=100.0, verification=[0.0, 0.0]).numeraire_bid == pytest.approx(25.0)
    home = Standard("home", 1.0, Log([1.0, 0.0], 0.0))
    assert opening_plan(home, held=8.0, verification=[0.0, 0.0]).bids == pytest.approx([4.0, 0.0])


def test_doctests__of_the_game__run() -> None:
    tried = 0
    for module in pkgutil.iter_modules(wattpost.game.__path__):
        result = doctest.testmod(importlib.import_module(f"wattpost.game.{module.name}"))
        assert result.failed == 0
        tried += result.attempted
    assert tried > 20
