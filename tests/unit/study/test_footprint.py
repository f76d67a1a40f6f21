"""The footprint study at small size: its finding as inequalities, its closed form against the one worked by hand."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow.parquet as pq
import pytest

from wattpost.energy import LAYERS
from wattpost.game import Economy, Log, Producer, Standard, solve_nash
from wattpost.study.figures import Figure
from wattpost.study.footprint import write_table
from wattpost.study.footprint_figure import ending, footprint
from wattpost.study.footprint_finding import crossing, finding, note, observed_end, page, theory_gap, title
from wattpost.study.footprint_gas import Gas, halved
from wattpost.study.footprint_point import Point, reference_of, solve_point
from wattpost.study.footprint_returns import cannot_trade, with_returns
from wattpost.study.footprint_sweep import Branch, follow, grid_of, plan
from wattpost.study.footprint_theory import Street, street_of
from wattpost.study.page import render
from wattpost.study.scenario import load
from wattpost.study.standalone import standalone

GAS = Gas(home=100_000.0, plant=120_000.0)
STAKE, WORK = (LAYERS[name].joules_per_gas for name in ("proof-of-stake", "proof-of-work"))


def street(homes: int = 5, plants: int = 3, c: float = 0.5, theta: float = 8.0, period: int = 1) -> Economy:
    home = Log(np.ones(period), 0.0)
    plant = Log(np.zeros(period), 1.0)
    return Economy(
        period,
        tuple(Standard(f"home-{i}", 10.0, home) for i in range(homes)),
        tuple(Producer(f"plant-{i}", theta, c, 500.0, plant) for i in range(plants)),
    )


@pytest.fixture(scope="module")
def branches() -> tuple[Branch, ...]:
    return tuple(follow(plan(street(homes=6), c, GAS, a_decade=1, rungs=3), lambda: None) for c in (0.5, 1.0))


# The finding


def test_finding__nothing_changes_under_proof_of_stake_and_nothing_is_left_under_proof_of_work(
    branches: tuple[Branch, ...],
) -> None:
    for branch in branches:
        assert {layer.joules_per_gas for layer in LAYERS.values()} <= {p.joules_per_gas for p in branch.points}
        free, stake, work = branch.points[0], branch.at(STAKE), branch.at(WORK)
        assert stake.homes == 6 and stake.burnt_share is not None and stake.burnt_share < 0.005
        assert stake.volume == pytest.approx(free.volume, rel=0.005)
        assert work.homes == 0 and work.volume == 0.0 and work.welfare == 0.0
        assert free.welfare is not None and stake.welfare is not None and free.welfare > stake.welfare > 0.4


def test_finding__decreasing_returns_shrink_where_constant_ones_break(branches: tuple[Branch, ...]) -> None:
    first, last = zip(*(branch.ends for branch in branches if branch.ends), strict=True)
    assert last[0] > 1.25 * first[0] and last[1] < 1.05 * first[1]
    counts = {point.homes for point in branches[0].points}
    assert {0, 6} < counts, "homes leave one at a time"


def test_finding__what_is_burnt_grows_to_all_there_is_before_anybody_leaves(branches: tuple[Branch, ...]) -> None:
    for branch in branches:
        full = [point for point in branch.points if point.homes == 6]
        shares = [point.burnt_share or 0.0 for point in full]
        assert shares == sorted(shares) and shares[-1] > 0.8
        welfare = [point.welfare or 0.0 for point in full]
        assert welfare == sorted(welfare, reverse=True)


def test_every_point__is_certified_and_where_theory_says(branches: tuple[Branch, ...]) -> None:
    assert all(point.solved and point.regret <= 1e-8 for branch in branches for point in branch.points)
    gap = theory_gap(branches)
    assert gap is not None
    points, agreeing, worst = gap
    assert agreeing == points and worst < 1e-8


# The closed form


@pytest.mark.parametrize("burnt", [0.9, 2.0, 3.3, 4.7, 9.0])
def test_closed_form__with_plants_that_burn_nothing__is_the_one_by_hand(burnt: float) -> None:
    homes, plants, theta, omega = 40, 3, 2.0, 10.0
    k = theta * (plants - 1) * math.sqrt(omega / (2 * plants))  # 5.164
    left = min(homes, math.ceil((k / burnt) ** 2) - 1)
    found = Street(homes, plants, omega, theta, 0.5, math.inf).deal(burnt, 0.0)
    assert found.homes == left
    if left:
        assert found.bought == pytest.approx(k / math.sqrt(left), rel=1e-12)  # x = Q/M', Q = θ (P-1) √(Ω/2P)


@pytest.mark.parametrize("c", [0.5, 0.8, 1.0])
def test_closed_form__is_what_the_solver_finds(c: float) -> None:
    economy = street(c=c, theta=6.0)
    own = street_of(economy)
    assert own
    for part in (0.2, 0.9):
        kwh = part * own.threshold(1.0, 1.0, homes=5)
        found = solve_nash(Economy(1, economy.standard, economy.producers, kwh))
        deal = own.deal(kwh, kwh)
        assert deal.homes == found.participants[:5].sum() == 5
        assert deal.volume == pytest.approx(found.totals[0], rel=1e-9)
        assert deal.price == pytest.approx(found.prices[0], rel=1e-9)


def test_threshold__is_where_homes_leave() -> None:
    own = Street(12, 4, 10.0, 9.0, 0.5, 1e6)
    for homes in (12, 6, 3):
        at = own.threshold(1.0, 1.2, homes)
        assert own.deal(at * 0.999999, 1.2 * at * 0.999999).homes >= homes > own.deal(at * 1.000001, 1.2 * at).homes


@pytest.mark.parametrize("c", [0.5, 1.0])
def test_threshold__is_where_the_solver_says_that_trade_ends(c: float) -> None:
    economy = street(homes=3, plants=2, c=c)
    own = street_of(economy)
    assert own
    end = own.threshold(1.0, 1.0)
    for kwh, trades in ((end * (1 - 1e-6), True), (end * (1 + 1e-6), False)):
        found = solve_nash(Economy(1, economy.standard, economy.producers, kwh))
        assert found.solved and found.participants.any() == trades


@pytest.mark.parametrize(("homes", "plants", "c"), [(4, 3, 1.0), (5, 4, 0.8), (2, 3, 0.5)])
def test_closed_form__knows_who_is_left__plants_beyond_their_means_included(homes: int, plants: int, c: float) -> None:
    economy = street(homes=homes, plants=plants, c=c)
    own = street_of(economy)
    assert own
    end = own.threshold(1.0, 1.3)
    for part in (0.6, 0.9, 0.99, 1.05):
        kwh = part * end * np.array([[1.0]] * homes + [[1.3]] * plants)
        inside = solve_nash(Economy(1, economy.standard, economy.producers, kwh)).participants
        deal = own.deal(part * end, 1.3 * part * end)
        assert (deal.homes, deal.plants) == (inside[:homes].sum(), inside[homes:].sum())


def test_spot_just_inside_the_edge__five_homes__where_consumption_is_a_millionth_of_turnover() -> None:
    economy = with_returns(street(homes=5), 1.0, GAS)
    own = street_of(economy)
    assert own
    point = solve_point(economy, 1.0, GAS, 392.8077531469166, reference_of(economy, GAS)[0], own)
    assert point.solved and point.regret <= 1e-9, (point.status, point.regret)
    assert (point.homes, point.plants) == (point.theory_homes, point.theory_plants) == (4, 3)
    assert point.volume == pytest.approx(point.theory_volume, rel=1e-9)


def test_threshold__halves_in_kappa_when_gas_doubles() -> None:
    own = Street(12, 4, 10.0, 9.0, 0.5, 1e6)
    assert own.threshold(2.0, 2.4) == pytest.approx(own.threshold(1.0, 1.2) / 2, rel=1e-12)


def test_threshold__is_lower_where_those_who_stay_share_what_is_fixed() -> None:
    own = Street(12, 4, 10.0, 9.0, 0.5, 1e6)
    gas = Gas(100.0, 120.0, fixed=320.0, heads=16)  # 20 of each agent's gas
    assert gas.among(16) == (100.0, 120.0) and gas.among(8) == (120.0, 140.0)
    assert own.threshold_among(gas.among, 12) == pytest.approx(own.threshold(100.0, 120.0, 12), rel=1e-12)
    assert own.threshold_among(gas.among) < 0.9 * own.threshold(100.0, 120.0)
    free = Gas(100.0, 120.0)
    assert own.threshold_among(free.among) == own.threshold(100.0, 120.0)


def test_half_a_scenario__has_half_of_its_large_groups() -> None:
    whole = load("street")
    half = halved(whole)
    assert half and len(half.standard) == 12 and len(half.producers) == 4
    assert halved(load("tiny")) is None  # three homes, each with an endowment of its own


def test_street__is_only_what_the_closed_form_covers() -> None:
    assert street_of(street()) == Street(5, 3, 10.0, 8.0, 0.5, 500.0)
    assert street_of(street(period=2)) is None
    assert street_of(street(plants=1)) is None
    mixed = street()
    odd = (*mixed.standard[:-1], Standard("odd", 11.0, Log([1.0], 0.0)))
    assert street_of(Economy(1, odd, mixed.producers)) is None
    keen = (*mixed.standard[:-1], Standard("keen", 10.0, Log([1.0], 0.5)))
    assert street_of(Economy(1, keen, mixed.producers)) is None


# The sweep


def test_the_grid__spans_nine_decades_and_every_layer() -> None:
    grid = grid_of(2)
    assert grid[-1] / grid[0] == pytest.approx(1e9) and len(grid) == 19
    assert all(grid[0] < layer.joules_per_gas < grid[-1] for layer in LAYERS.values())


@pytest.mark.parametrize("c", [0.7, 1.0])
def test_other_returns__make_a_market_of_equal_size(c: float) -> None:
    economy = street()
    before = solve_nash(economy).totals.sum()
    changed = with_returns(economy, c, GAS)
    assert {plant.c for plant in changed.producers} == {c}
    assert solve_nash(changed).totals.sum() == pytest.approx(before, rel=1e-4)
    assert with_returns(economy, 0.5, GAS) is economy


def test_what_cannot_trade__is_known_without_solving() -> None:
    economy = street()
    own = street_of(economy)
    assert own
    end = own.threshold(1.0, 1.0)
    assert not cannot_trade(economy, end, end) and not cannot_trade(economy, 0.0, 0.0)
    assert cannot_trade(economy, 3 * end, 3 * end)
    pair = street(homes=2, plants=2)
    own = street_of(pair)
    assert own
    ended = 1.5 * own.threshold(1.0, 1.0)
    while not cannot_trade(pair, ended, ended):
        ended *= 1.2
    assert not solve_nash(Economy(1, pair.standard, pair.producers, ended)).participants.any()


def test_a_market_without_closed_form__is_searched_for_its_end() -> None:
    homes = tuple(Standard(f"home-{i}", 9.0 + i, Log([1.0], 0.0)) for i in range(3))
    found = follow(plan(Economy(1, homes, street(plants=2).producers), 0.5, GAS, a_decade=1), lambda: None)
    assert found.ends is None and all(point.theory_homes is None for point in found.points)
    until, ended = observed_end(found)
    assert until and ended and until < ended
    left = [point.homes for point in found.points if point.joules_per_gas >= until]
    assert left == sorted(left, reverse=True) and {0, 3} < set(left)
    assert theory_gap([found]) is None and "all take part up to" in finding([found], GAS)


# What is written


def test_the_pictures__are_well_formed_and_say_what_was_found(branches: tuple[Branch, ...]) -> None:
    figure = footprint(branches, GAS, title(branches), note(branches, load("street")))
    picture = standalone(figure)
    root = ElementTree.fromstring(picture)
    words = " ".join(element.text or "" for element in root.iter() if element.text)
    for text in ("proof of stake", "proof of work", "four validators", "Bitcoin", "closed form", "c = 0.5"):
        assert text in words
    assert "nan" not in picture and "var(" not in picture
    close = ending(branches, GAS)
    assert close and ElementTree.fromstring(close.svg) is not None
    assert figure.title.startswith("Verification burns 0.") and "no market is left under proof of work" in figure.title


def test_the_page__holds_question_finding_tables_and_command(branches: tuple[Branch, ...]) -> None:
    scenario = load("street")
    words = finding(branches, GAS)
    figure = Figure("t", '<svg viewBox="0 0 1 1"></svg>', "c")
    text = render(page(branches, GAS, (figure,), words, scenario, "wattpost study footprint --out x"))
    for part in ("At what cost of verification", "Ethereum after September 2022", "wattpost study footprint --out x"):
        assert part in text
    assert "100,000 gas for a standard agent" in words and "&#34;" not in words
    assert not any(each in text for each in ("http://", "https://", "<script"))


def test_the_table__has_a_row_for_every_point(branches: tuple[Branch, ...], tmp_path: Path) -> None:
    write_table(tmp_path / "footprint.parquet", branches)
    rows = pq.read_table(tmp_path / "footprint.parquet").to_pylist()
    assert len(rows) == sum(len(branch.points) for branch in branches)
    assert Point(**rows[0]) == branches[0].points[0]


def test_crossing__is_between_the_points_around_it(branches: tuple[Branch, ...]) -> None:
    half = crossing(branches[0].traded, lambda point: point.burnt_share or 0.0, 0.5)
    assert half is not None
    before = max((p for p in branches[0].traded if (p.burnt_share or 0) < 0.5), key=lambda p: p.joules_per_gas)
    assert before.joules_per_gas < half < branches[0].ends[0]  # type: ignore[index]
