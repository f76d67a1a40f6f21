"""Crowds: every row is what `best_response` answers, whatever the member and whatever its neighbours are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wattpost.game import (
    Agent,
    Ces,
    Crra,
    Exponential,
    Linear,
    Log,
    Producer,
    Quadratic,
    Rivals,
    Standard,
    States,
    Utility,
    best_response,
)
from wattpost.game.arrays import FloatArray
from wattpost.game.bench import bench_responses
from wattpost.game.crowd import Crowd
from wattpost.game.plans import Plans, Totals

FORMS = 7


def utility(number: int, periods: int, rng: np.random.Generator) -> Utility:
    """Some weights are zero, the good's among them; some have subsistence."""
    weights = rng.uniform(0.1, 1.0, periods) * (rng.random(periods) > 0.2)
    good = float(rng.choice([0.0, 0.5])) if weights.any() else 1.0
    needs = rng.uniform(0.0, 0.03, periods) * (rng.random() < 0.3)
    forms: list[Utility] = [
        Log(weights, good, needs),
        Ces(weights, good, needs, rho=0.5),
        Ces(weights, good, needs, rho=-1.5),
        Crra(weights, good, needs, gamma=float(rng.uniform(0.4, 3.0))),
        Exponential(weights, good, needs, alpha=float(rng.uniform(0.2, 3.0))),
        Quadratic(weights, good, needs, bliss=float(rng.uniform(1.0, 5.0))),
        Linear(weights, good, needs),
    ]
    return forms[number]


def homes(count: int, periods: int, rng: np.random.Generator) -> list[Agent]:
    return [Standard(f"h{i}", float(rng.uniform(0.5, 10)), utility(i % FORMS, periods, rng)) for i in range(count)]


def plants(count: int, periods: int, rng: np.random.Generator, investment_cost: float | None = None) -> list[Agent]:
    return [
        Producer(
            f"p{i}",
            float(rng.uniform(1.0, 4.0)),
            (0.3, 0.5, 0.9, 1.0)[i % 4],
            rng.uniform(0.5, 10.0, periods) * (rng.random(periods) > 0.1),
            utility(i % FORMS, periods, rng),
            investment_cost,
        )
        for i in range(count)
    ]


def day_of(agents: list[Agent], rng: np.random.Generator) -> tuple[Crowd, Plans, FloatArray]:
    """A day in which everybody did something, and what it burnt."""
    crowd = Crowd(agents)
    shape = (crowd.count, crowd.periods)
    offers = np.array(
        [a.limits * rng.random(shape[1]) if isinstance(a, Producer) else np.zeros(shape[1]) for a in agents]
    )
    own = Plans(rng.lognormal(0.0, 1.0, shape), rng.lognormal(0.0, 1.0, shape[0]), offers)
    return crowd, own, rng.uniform(0.0, 0.04, shape) * (rng.random((shape[0], 1)) < 0.7)


def judge(
    crowd: Crowd,
    totals: Totals,
    own: Plans,
    got: Plans,
    verification: FloatArray | States,
    held: FloatArray | float = np.inf,
    owned: FloatArray | None = None,
) -> None:
    """Every row against `best_response`, to 1e-9 of what the agent bids or offers."""
    owned = crowd.omega if owned is None else owned
    held = np.broadcast_to(held, (crowd.count,))
    for i, agent in enumerate(crowd.agents):
        rivals = Rivals(
            np.maximum(totals.bids - own.bids[i], 0.0),
            np.maximum(totals.offers - own.offers[i], 0.0),
            max(totals.numeraire_bids - own.numeraire_bids[i], 0.0),
            max(totals.endowments - owned[i], 0.0),
        )
        burnt = States(verification.weights, verification.amounts[:, i]) if isinstance(verification, States) else None
        kwh = verification[i] if burnt is None else burnt  # type: ignore[index]
        best = best_response(agent, rivals, verification=kwh, held=float(held[i]))
        size = 1e-9 * (best.bids.sum() + best.numeraire_bid) + 1e-300
        assert got.bids[i] == pytest.approx(best.bids, rel=1e-9, abs=1e-3 * size), (i, agent)
        assert got.numeraire_bids[i] == pytest.approx(best.numeraire_bid, rel=1e-9, abs=1e-3 * size), (i, agent)
        assert got.offers[i] == pytest.approx(best.offers, rel=1e-9, abs=1e-12 * best.offers.max() + 1e-300), (i, agent)


@pytest.mark.parametrize("periods", [1, 3, 8])
@pytest.mark.parametrize("seed", range(3))
def test_respond__of_homes_of_every_form__is_each_home_s_best_response(periods: int, seed: int) -> None:
    rng = np.random.default_rng([periods, seed])
    crowd, own, kwh = day_of([*homes(28, periods, rng), *plants(2, periods, rng)], rng)
    totals = own.totals(float(crowd.omega.sum()))
    judge(crowd, totals, own, crowd.respond(totals, own, verification=kwh), kwh)


@pytest.mark.parametrize("held", [0.0, 0.3, 3.0, 20.0])
def test_respond__of_homes_that_hold_little__stays_within_it(held: float) -> None:
    rng = np.random.default_rng(8)
    crowd, own, kwh = day_of(homes(21, 4, rng), rng)
    totals = own.totals(float(crowd.omega.sum()))
    totals = Totals(totals.bids, np.array([9.0, 5.0, 0.0, 7.0]), totals.numeraire_bids, totals.endowments)
    got = crowd.respond(totals, own, verification=kwh, held=held)
    assert np.all(got.bids.sum(axis=1) + got.numeraire_bids <= held * (1 + 1e-12))
    judge(crowd, totals, own, got, kwh, held)


@pytest.mark.parametrize("number", range(FORMS))
def test_respond__of_homes_bound_by_budget_and_holding_at_once__meets_both(number: int) -> None:
    some = utility(number, 3, np.random.default_rng(2))
    rich = replace(some, electricity=[0.3, 0.0, 0.2], numeraire=1.0)
    agents: list[Agent] = [Standard(f"rich{i}", 200.0, rich) for i in range(8)]
    crowd, own, kwh = day_of([*agents, Standard("other", 10.0, Log([1.0, 1.0, 1.0], 0.0))], np.random.default_rng(3))
    omega = 210.0
    totals = own.totals(omega)
    totals = Totals(totals.bids, np.array([9.0, 5.0, 7.0]), totals.numeraire_bids, omega)
    budget = (totals.numeraire_bids - own.numeraire_bids) * crowd.omega / omega
    held = budget * np.array([0.5, 0.9, 1.0, 1.02, 1.1, 1.5, 3.0, 30.0, 1.0])
    inside = np.ones(9, dtype=np.bool_)
    for place in range(8):
        inside[:8] = np.arange(8) == place
        got = crowd.respond(totals, own, verification=kwh, held=held, inside=inside)
        judge(crowd, totals, own, got, kwh, held, np.where(inside, crowd.omega, 0.0))


@pytest.mark.parametrize("seed", range(3))
def test_respond__of_plants_of_every_form__is_each_plant_s_best_response(seed: int) -> None:
    rng = np.random.default_rng([5, seed])
    crowd, own, kwh = day_of([*homes(3, 3, rng), *plants(28, 3, rng)], rng)
    totals = own.totals(float(crowd.omega.sum()))
    judge(crowd, totals, own, crowd.respond(totals, own, verification=kwh), kwh)


def test_respond__of_plants_in_the_long_run__builds_what_each_would() -> None:
    rng = np.random.default_rng(6)
    crowd, own, kwh = day_of([*homes(3, 3, rng), *plants(8, 3, rng, investment_cost=0.2)], rng)
    totals = own.totals(float(crowd.omega.sum()))
    judge(crowd, totals, own, crowd.respond(totals, own, verification=kwh), kwh)


def test_respond__of_what_arrays_do_not_cover__asks_best_response() -> None:
    rng = np.random.default_rng(7)
    grows = Producer("grows", 2.0, 1.3, 6.0, Log([1.0], 0.5))
    pinched = Producer("pinched", 2.0, 0.5, 6.0, Log([1.0], 0.5))
    crowd, own, kwh = day_of([*homes(3, 1, rng), grows, pinched], rng)
    totals, held = own.totals(float(crowd.omega.sum())), np.array([9.0, 9.0, 9.0, np.inf, 0.5])
    judge(crowd, totals, own, crowd.respond(totals, own, verification=kwh, held=held), kwh, held)


def test_respond__with_empty_posts__does_as_a_lone_bidder_or_seller_would() -> None:
    rng = np.random.default_rng(9)
    crowd, own, kwh = day_of([*homes(7, 4, rng), *plants(7, 4, rng)], rng)
    own.bids[:, 1] = 0.0
    own.bids[1:, 2] = 0.0
    own.offers[:, 0] = 0.0
    own.offers[8:, 3] = 0.0
    own.numeraire_bids[1:] = 0.0
    totals = own.totals(float(crowd.omega.sum()))
    judge(crowd, totals, own, crowd.respond(totals, own, verification=kwh), kwh)


def test_respond__where_nobody_bids_for_the_good_or_owns_it__is_nothing_or_a_token() -> None:
    rng = np.random.default_rng(10)
    crowd, own, kwh = day_of([Standard("poor", 0.0, Log([1.0], 0.0)), *homes(2, 1, rng), *plants(2, 1, rng)], rng)
    quiet = Plans(np.zeros_like(own.bids), np.zeros(5), own.offers)
    totals = Totals(np.zeros(1), np.array([40.0]), 0.0, float(crowd.omega.sum()))
    got = crowd.respond(totals, quiet, verification=kwh)
    assert not got.bids.any() and not got.numeraire_bids.any() and not got.offers.any()
    totals = own.totals(float(crowd.omega.sum()))
    got = crowd.respond(totals, own, verification=kwh)
    assert not got.bids[0].any()
    judge(crowd, totals, own, got, kwh)


def test_respond__of_a_floor_out_of_reach__is_the_attempt() -> None:
    rng = np.random.default_rng(11)
    crowd, own, kwh = day_of([*homes(14, 3, rng), *plants(14, 3, rng)], rng)
    totals, kwh = own.totals(float(crowd.omega.sum())), kwh * np.geomspace(1.0, 1e4, 28)[:, None]
    judge(crowd, totals, own, crowd.respond(totals, own, verification=kwh), kwh)


def test_respond__under_uncertain_verification__is_each_member_s_best_response() -> None:
    rng = np.random.default_rng(12)
    agents = [a for a in [*homes(14, 3, rng), *plants(14, 3, rng)] if a.utility.form != "ces"]
    crowd, own, kwh = day_of(agents, rng)
    totals, needs = own.totals(float(crowd.omega.sum())), States.scaled(kwh, [0.7, 0.3], [1.0, 2.5])
    judge(crowd, totals, own, crowd.respond(totals, own, verification=needs), needs)


def test_respond__to_a_day_that_some_sat_out__leaves_their_endowment_out_of_it() -> None:
    rng = np.random.default_rng(13)
    crowd, own, kwh = day_of([*homes(7, 2, rng), *plants(2, 2, rng)], rng)
    inside = np.arange(9) != 3
    own.bids[3], own.numeraire_bids[3] = 0.0, 0.0
    owned = np.where(inside, crowd.omega, 0.0)
    totals = own.totals(float(owned.sum()))
    judge(crowd, totals, own, crowd.respond(totals, own, verification=kwh, inside=inside), kwh, owned=owned)


def test_respond__of_one_that_is_most_of_its_market__still_meets_its_conditions() -> None:
    rng = np.random.default_rng(14)
    agents: list[Agent] = [Standard("whale", 1e6, Log([1.0, 1e-6, 0.0], 0.0)), *homes(7, 3, rng), *plants(2, 3, rng)]
    crowd, own, kwh = day_of(agents, rng)
    own.bids[1:] *= 1e-4
    totals = own.totals(float(crowd.omega.sum()))
    judge(crowd, totals, own, crowd.respond(totals, own, verification=kwh), kwh)


def test_respond__in_another_order__answers_alike() -> None:
    rng = np.random.default_rng(15)
    crowd, own, kwh = day_of([*homes(600, 3, rng), *plants(14, 3, rng)], rng)
    totals = own.totals(float(crowd.omega.sum()))
    order = rng.permutation(crowd.count)
    mixed = Plans(own.bids[order], own.numeraire_bids[order], own.offers[order])
    held = np.where(np.arange(crowd.count) < 600, 4.0, np.inf)
    first = crowd.respond(totals, own, verification=kwh, held=held)
    second = Crowd([crowd.agents[i] for i in order]).respond(totals, mixed, verification=kwh[order], held=held[order])
    assert second.bids == pytest.approx(first.bids[order], rel=1e-9, abs=1e-12)
    assert second.numeraire_bids == pytest.approx(first.numeraire_bids[order], rel=1e-9, abs=1e-12)
    assert second.offers == pytest.approx(first.offers[order], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"verification": np.zeros((2, 2))}, "broadcast|shape"),
        ({"verification": -1.0}, "verification must be finite"),
        ({"held": np.nan}, "held"),
        ({"inside": np.zeros(2)}, "inside must say"),
        ({"own": Plans(np.full((2, 1), np.nan), np.zeros(2), np.zeros((2, 1)))}, "own bids must be finite"),
        ({"own": Plans(np.zeros((3, 1)), np.zeros(2), np.zeros((2, 1)))}, "own bids must have shape"),
        ({"totals": Totals(np.ones(1), np.ones(1), np.inf, 1.0)}, "numeraire_bids"),
    ],
)
def test_respond__to_nonsense__says_what_is_wrong(change: dict[str, object], words: str) -> None:
    home = Standard("home", 1.0, Log([1.0], 0.0))
    given: dict[str, object] = {"totals": Totals(np.ones(1), np.ones(1), 1.0, 2.0), "own": Plans.none(2, 1)}
    given = {**given, "verification": 0.0, **change}
    with pytest.raises(ValueError, match=words):
        Crowd([home, home]).respond(given.pop("totals"), given.pop("own"), **given)  # type: ignore[arg-type]


def test_crowd__of_nobody_or_of_unequal_days__is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Crowd([])
    with pytest.raises(ValueError, match="long: utility covers 2 periods, not 1"):
        Crowd([Standard("short", 1.0, Log([1.0], 0.0)), Standard("long", 1.0, Log([1.0, 1.0], 0.0))])


def test_bench_responses__counts_every_agent_once_a_day() -> None:
    row = bench_responses(60, 3, producers=0.1, days=2)
    assert row["agents"] == 60
    assert row["responses_per_second"] == pytest.approx(60 / row["seconds"])
