"""The built-in `solar-day`, played in floats by the default policy: its bids settle, as its file promises."""

from __future__ import annotations

import numpy as np

from wattpost.fleet.policy import BestResponse, View
from wattpost.game import Plan, Producer, Rivals, gain, payoff
from wattpost.study.scenario import Scenario, load

SETTLED = 1e-3


def largest_gain_by_day(scenario: Scenario, kwh_a_day: float, noise: float) -> tuple[list[float], float]:
    """What the best response would have added, at most, day by day; and the largest escrow as a share of money."""
    agents, policy, rng = scenario.agents, BestResponse(), np.random.default_rng(scenario.seed)
    held = np.full(len(agents), scenario.bytecoin)
    good = np.array([0.0 if isinstance(agent, Producer) else agent.endowment for agent in agents])
    plans: list[Plan | None] = [None] * len(agents)
    rivals: list[Rivals | None] = [None] * len(agents)
    burnt = np.full(scenario.periods, kwh_a_day / scenario.periods)
    gains, tightest = [], 0.0
    for day in range(1, scenario.days + 1):
        decided = [
            policy.decide(View(day, agent, held[i], rivals[i], plans[i], burnt, scenario.step))
            for i, agent in enumerate(agents)
        ]
        bids = np.array([plan.bids for plan in decided])
        good_bids = np.array([plan.numeraire_bid for plan in decided])
        offers = np.array([plan.offers for plan in decided])
        tightest = max(tightest, float(((bids.sum(axis=1) + good_bids) / held).max()))
        money, supply, good_money = bids.sum(axis=0), offers.sum(axis=0), good_bids.sum()
        burnt = burnt * (1 + noise * rng.standard_normal())
        plans, worst = list(decided), 0.0
        for i, agent in enumerate(agents):
            others = Rivals(money - bids[i], supply - offers[i], good_money - good_bids[i], good.sum() - good[i])
            worst = max(worst, gain(agent, decided[i], others, verification=burnt, held=held[i]))
            held[i] += payoff(agent, decided[i], others, verification=burnt).balance
            rivals[i] = others
        gains.append(worst)
    return gains, tightest


def test_solar_day__from_day_nine_at_the_latest__nobody_gains_more_than_a_thousandth() -> None:
    gains, tightest = largest_gain_by_day(load("solar-day"), kwh_a_day=0.05, noise=0.02)
    assert gains[0] > 0.1  # it starts far from settled: the test can fail
    assert all(gain < SETTLED for gain in gains[8:])
    assert len(gains[8:]) >= 3
    assert tightest < 0.8  # prepayment never binds
