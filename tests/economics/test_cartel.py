"""Cartels: of one, of some producers against a closed form, of buyers, and those that have no answer."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import root

from wattpost.game import (
    Ces,
    Crra,
    Economy,
    Exponential,
    Linear,
    Log,
    Producer,
    Standard,
    Status,
    Utility,
    cartel_to_json,
    solve_cartel,
    solve_nash,
)
from wattpost.game.pool import Pool
from wattpost.game.views import Rivalled

THETA = 1.7


def textbook(c: float, plants: int) -> Economy:
    homes = tuple(Standard(f"home-{i}", w, Log([1.0], 0.0)) for i, w in enumerate((4.0, 6.0, 10.0)))
    makers = tuple(Producer(f"plant-{i}", THETA, c, 1e6, Log([0.0], 1.0)) for i in range(plants))
    return Economy(1, homes, makers)


def builder() -> Producer:
    return Producer("builder", 1.0, 0.5, 1.0, Log([0.0], 1.0), investment_cost=0.5)


def mixed() -> Economy:
    homes = (
        Standard("home", 4.0, Log([1.0, 0.5], 0.3)),
        Standard("shop", 7.0, Crra([0.4, 1.0], 0.5, gamma=2.0)),
        Standard("mill", 6.0, Log([0.6, 0.6], 0.0)),
        Standard("farm", 5.0, Log([0.2, 0.9], 0.2)),
    )
    makers = (
        Producer("sun", 2.0, 0.5, [4.0, 2.0], Log([0.1, 0.2], 1.0)),
        Producer("wind", 1.5, 0.8, [3.0, 3.0], Crra([0.1, 0.1], 1.0, gamma=1.5)),
        Producer("coal", 1.2, 0.7, [9.0, 9.0], Log([0.0, 0.0], 1.0)),
    )
    return Economy(2, homes, makers, 0.01)


@pytest.mark.parametrize("c", [0.3, 0.5, 0.8])
@pytest.mark.parametrize(("plants", "size"), [(3, 2), (5, 2), (5, 3)])
def test_cartel__of_some_identical_producers__makes_what_its_condition_says(c: float, plants: int, size: int) -> None:
    # All 20 units of money go to the post, so p = 20/Q and Omega = 20: each side's p (1 - its share)^2 = phi'.
    def gaps(log_q: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        member, outsider = np.exp(log_q)
        total = size * member + (plants - size) * outsider
        marginal = (np.exp(log_q) / THETA) ** ((1 - c) / c) / (c * THETA)
        shares = np.array([size * member, outsider]) / total
        return np.asarray(np.log(20.0 / total * (1 - shares) ** 2 / marginal))

    made = np.exp(root(gaps, np.zeros(2), tol=1e-14).x)
    found = solve_cartel(textbook(c, plants), range(3, 3 + size))
    assert found.outcome.status is Status.SOLVED
    assert found.outcome.offers[3 : 3 + size, 0] == pytest.approx(np.full(size, made[0]), rel=1e-8)
    assert found.outcome.offers[3 + size :, 0] == pytest.approx(np.full(plants - size, made[1]), rel=1e-8)
    assert found.outcome.prices[0] > found.nash.prices[0]
    assert np.all(found.leaving > 0)


def test_cartel__that_is_large__gains_and_leaves_buyers_worse_off() -> None:
    found = solve_cartel(textbook(0.5, 5), (3, 4, 5, 6))
    assert found.joint_gain > 0 and np.all(found.joining > 0)
    assert found.joining == pytest.approx(np.full(4, found.joining[0]), rel=1e-6)
    assert np.all(found.outcome.utilities[:3] < found.nash.utilities[:3])
    assert found.outcome.utilities[7] > found.nash.utilities[7]  # the one outside gains too


@pytest.mark.parametrize(("plants", "size", "gains"), [(5, 3, False), (5, 4, True), (7, 5, False), (7, 6, True)])
def test_cartel__of_producers__gains_only_when_about_four_fifths_are_in(plants: int, size: int, gains: bool) -> None:
    # The merger paradox: outsiders make more when members make less (Salant, Switzer and Reynolds 1983).
    found = solve_cartel(textbook(0.5, plants), range(3, 3 + size))
    made, total = found.outcome.offers[3, 0], found.outcome.offers.sum()
    before = solve_nash(textbook(0.5, plants)).offers[3, 0]
    change = np.log(20.0 * made / total - (made / THETA) ** 2) - np.log(20.0 / plants - (before / THETA) ** 2)
    assert found.joint_gain == pytest.approx(size * change, rel=1e-7)
    assert (found.joint_gain > 0) == gains
    assert found.outcome.prices[0] > found.nash.prices[0]


def test_cartel__against_outsiders_that_stand_still__never_loses() -> None:
    economy = mixed()
    nash = solve_nash(economy)
    inside = np.array([False] * 4 + [True, True, False])
    pool = Pool(tuple(b.take(inside[b.rows], slice(None)) for b in economy.blocks if inside[b.rows].any()))
    rest = ~inside
    view = Rivalled(
        nash.bids[rest].sum(axis=0)[None, :],
        nash.offers[rest].sum(axis=0)[None, :],
        np.array([nash.numeraire_bids[rest].sum()]),
        np.array([22.0]),
    )
    joint = pool.respond(view)
    utilities = [economy.agents[row].utility.value(joint.x[i] - 0.01, joint.kept[i]) for i, row in enumerate(pool.rows)]
    assert joint.error < 1e-10 and pool.bound(view, joint) < 1e-9
    assert sum(utilities) > nash.utilities[inside].sum() + 1e-4
    worse = replace(joint, q=0.9 * joint.q)
    assert pool.bound(view, worse) > 1e-4  # the proof notices a worse answer


@pytest.mark.parametrize("member", range(7))
def test_cartel__of_one__is_nash(member: int) -> None:
    found = solve_cartel(mixed(), (member,))
    assert found.outcome.solved and found.outcome.regret <= 1e-8
    assert found.outcome.prices == pytest.approx(found.nash.prices, rel=1e-8)
    assert found.outcome.offers == pytest.approx(found.nash.offers, rel=1e-7, abs=1e-9)
    assert found.outcome.allocations == pytest.approx(found.nash.allocations, rel=1e-7, abs=1e-9)
    assert found.joining == pytest.approx([0.0], abs=1e-8) and found.leaving == pytest.approx([0.0], abs=1e-8)


@pytest.mark.parametrize("members", [(0, 1), (0, 2), (0, 1, 3), (4, 5), (5, 6), (2, 6)])
def test_cartel__of_unlike_members__is_certified_and_pools_money(members: tuple[int, ...]) -> None:
    found = solve_cartel(mixed(), members)
    outcome, chosen = found.outcome, list(members)
    assert outcome.status is Status.SOLVED and outcome.regret <= 1e-8 and outcome.residual <= 1e-9
    sales = np.sum(outcome.offers * outcome.prices, axis=1)
    sales[:4] += [4.0, 7.0, 6.0, 5.0]
    balance = sales - outcome.bids.sum(axis=1) - outcome.numeraire_bids
    assert balance[chosen].sum() == pytest.approx(0.0, abs=1e-7)
    rest = [i for i in range(7) if i not in members]
    assert balance[rest] == pytest.approx(np.zeros(len(rest)), abs=1e-7)
    assert np.all(found.leaving >= 0.0)


def test_cartel__of_buyers__pays_less() -> None:
    found = solve_cartel(
        Economy(1, (Standard("home", 5.0, Log([1.0], 1.0)),) * 4, textbook(0.5, 2).producers), (0, 1, 2)
    )
    assert found.outcome.solved
    assert found.outcome.prices[0] < found.nash.prices[0]


def test_cartel__of_constant_returns__meets_the_same_condition() -> None:
    found = solve_cartel(textbook(1.0, 3), (3, 4))
    cartel, outsider = found.outcome.offers[3:5].sum(), found.outcome.offers[5].sum()
    assert found.outcome.solved
    assert cartel == pytest.approx(outsider, rel=1e-8)  # phi' is 1/theta on both sides: a duopoly
    assert cartel == pytest.approx(THETA * 20.0 / 2 * 0.25, rel=1e-8)


@pytest.mark.parametrize("form", [Linear([0.0], 1.0), Ces([0.0], 1.0, rho=0.5), Crra([0.0], 1.0, gamma=3.0)])
def test_cartel__of_producers_that_want_the_good_alone__is_the_same_in_every_form(form: Utility) -> None:
    given = textbook(0.5, 4)
    makers = tuple(replace(plant, utility=form) for plant in given.producers)
    found, expected = solve_cartel(Economy(1, given.standard, makers), (3, 4)), solve_cartel(given, (3, 4))
    assert found.outcome.status is Status.SOLVED and found.outcome.regret <= 1e-8
    assert found.outcome.offers == pytest.approx(expected.outcome.offers, rel=1e-7)
    assert found.joining == pytest.approx(expected.joining, rel=1e-5)


def two_periods(form: Utility, other: Utility) -> Economy:
    homes = tuple(Standard(f"home-{i}", 4.0 + i, form) for i in range(4)) + (Standard("other", 5.0, other),) * 2
    makers = tuple(Producer(f"plant-{i}", 1.5 + 0.1 * i, 0.6, [9.0, 7.0], Log([0.0, 0.0], 1.0)) for i in range(3))
    return Economy(2, homes, makers)


@pytest.mark.parametrize(
    "form",
    [
        Ces([1.0, 0.6], 0.4, rho=0.5),
        Ces([1.0, 0.6], 0.0, rho=-2.0),
        Linear([1.0, 0.0], 0.0),
        Linear([0.0, 1.0], 0.3),
        Exponential([1.0, 0.6], 0.4, alpha=0.5),
    ],
)
@pytest.mark.parametrize("members", [(0,), (1, 2, 3)])
def test_cartel__of_buyers_of_any_form__is_certified_and_gains_or_is_nash(
    form: Utility, members: tuple[int, ...]
) -> None:
    economy = two_periods(form, Log([1.0, 1.0], 0.5))
    found = solve_cartel(economy, members)
    assert found.outcome.status is Status.SOLVED, found.outcome.status
    assert found.outcome.regret <= 1e-8 and found.outcome.residual <= 1e-8
    assert np.all(found.leaving >= -1e-9)
    if len(members) == 1:
        assert found.outcome.prices == pytest.approx(found.nash.prices, rel=1e-7)
        assert found.leaving == pytest.approx([0.0], abs=1e-7)


def test_cartel__of_every_seller_or_every_bidder__says_that_it_has_no_best_response() -> None:
    for members in ((3, 4, 5), (0, 1, 2)):
        found = solve_cartel(textbook(0.5, 3), members)
        assert found.outcome.status is Status.NO_RIVAL and not found.outcome.solved
        assert np.isnan(found.joint_gain)


@pytest.mark.parametrize(
    ("economy", "members", "says"),
    [
        (textbook(0.5, 2), (9,), "members must be places"),
        (textbook(0.5, 2), (), "members must be places"),
        (textbook(1.5, 3), (3, 4), "plant-0: a cartel is solved as a convex problem"),
        (
            Economy(
                1, tuple(Standard(f"x{r}", 1.0, Ces([1.0], 0.0, rho=r)) for r in (0.5, 0.6)), textbook(0.5, 2).producers
            ),
            (0, 1),
            "x0.5: summed ces",
        ),
        (
            Economy(1, textbook(0.5, 2).standard, (*textbook(0.5, 2).producers, builder())),
            (3, 5),
            "builder: a cartel is solved for given capacities",
        ),
    ],
)
def test_cartel__that_is_not_solved_for__is_refused_by_name(
    economy: Economy, members: tuple[int, ...], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        solve_cartel(economy, members)


def test_cartel__starts_from_the_same_nash() -> None:
    economy = textbook(0.5, 3)
    assert solve_cartel(economy, (3, 4)).nash.prices == pytest.approx(solve_nash(economy).prices)


def test_cartel__as_json__is_strict_and_names_its_members() -> None:
    economy = textbook(0.5, 3)
    report = cartel_to_json(economy, solve_cartel(economy, (3, 4)))
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["solved"] and report["members"] == [3, 4] and len(report["gain_leaving"]) == 2
    none = cartel_to_json(economy, solve_cartel(economy, (3, 4, 5)))
    assert not none["solved"] and none["gain_joining"] == [None] * 3 and none["regret"] is None
