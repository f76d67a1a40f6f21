"""Nonsense in, a sentence out: a status or a ValueError with names, no NaN anywhere, and never a hang."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from wattpost.game import Ces, Economy, Log, Producer, Quadratic, Solution, Standard, Utility, solve_nash

FORMS: list[Utility] = [Log([1.0], 0.2), Ces([1.0], 0.2, rho=0.5), Quadratic([1.0], 0.2, bliss=2.0)]


def homes(utility: Utility, *, endowment: float = 5.0) -> tuple[Standard, ...]:
    return tuple(Standard(f"home-{i}", endowment, utility) for i in range(3))


def plants(count: int = 3, *, capacity: float = 9.0) -> tuple[Producer, ...]:
    return tuple(Producer(f"plant-{i}", 2.0, 0.5, capacity, Log([0.0], 1.0)) for i in range(count))


def numbers_are_clean(found: Solution) -> bool:
    kept = (found.allocations, found.offers, found.good_bought, found.numeraire, found.totals, found.verification_kwh)
    return all(bool(np.all(np.isfinite(part))) for part in kept) and not np.isnan(found.utilities).any()


@pytest.mark.parametrize("utility", FORMS, ids=lambda utility: utility.form)
@pytest.mark.parametrize(
    "build",
    [
        lambda u: Economy(1, homes(u), plants(1)),
        lambda u: Economy(1, homes(u), ()),
        lambda u: Economy(1, (), plants()),
        lambda u: Economy(1, homes(u, endowment=0.0), plants()),
        lambda u: Economy(1, homes(u), plants(capacity=0.0)),
        lambda u: Economy(1, homes(type(u)(u.weights, 0.2, [1e6], **_shape(u))), plants()),
        lambda u: Economy(1, homes(u), plants(), 1e6),
        lambda u: Economy(1, homes(u), plants(), 1e300),
    ],
    ids=["one seller", "no seller", "no buyer", "no endowment", "no capacity", "subsistence", "V", "V without end"],
)
def test_market_that_cannot_be__is_reported_as_no_trade(build: Callable[[Utility], Economy], utility: Utility) -> None:
    found = solve_nash(build(utility))
    assert found.solved and "no trade" in found.status.value
    assert not found.participants.any() and np.all(np.isnan(found.prices))
    assert np.all(found.numeraire[: len(homes(utility))] >= 0) and numbers_are_clean(found)


def _shape(utility: Utility) -> dict[str, float]:
    return {} if utility.shape_key is None else {utility.shape_key: utility.shape}


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda bad: Standard("home-7", bad, Log([1.0], 0.0)), "home-7: endowment"),
        (lambda bad: Producer("plant-7", bad, 0.5, 9.0, Log([1.0], 1.0)), "plant-7: theta"),
        (lambda bad: Producer("plant-7", 2.0, bad, 9.0, Log([1.0], 1.0)), "plant-7: c"),
        (lambda bad: Producer("plant-7", 2.0, 0.5, bad, Log([1.0], 1.0)), "plant-7: capacity"),
        (lambda bad: Producer("plant-7", 2.0, 0.5, [bad], Log([1.0], 1.0)), "plant-7: capacity"),
        (lambda bad: Producer("plant-7", 2.0, 0.5, 9.0, Log([1.0], 1.0), bad), "plant-7: investment_cost"),
        (lambda bad: Producer("plant-7", 2.0, 0.5, 9.0, Log([1.0], 1.0), None, [bad]), "plant-7: solar"),
        (lambda bad: Log([bad], 1.0), "utility.electricity"),
        (lambda bad: Log([1.0], bad), "utility.numeraire"),
        (lambda bad: Log([1.0], 1.0, [bad]), "utility.subsistence"),
        (lambda bad: Economy(1, homes(Log([1.0], 0.0)), plants(), bad), "verification"),
        (
            lambda bad: Economy(1, homes(Log([1.0], 0.0)), plants(), [[0.0], [bad], *[[0.0]] * 4]),
            "home-1: verification",
        ),
    ],
)
def test_number_that_is_none__is_refused_by_agent_and_field(
    build: Callable[[float], object], words: str, bad: float
) -> None:
    with pytest.raises(ValueError, match=words):
        build(bad)
