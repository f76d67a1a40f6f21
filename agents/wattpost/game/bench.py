"""How fast and how large: synthetic economies kept as arrays, and what a user would write instead.

`bench_solve` times the aggregate solver on heterogeneous economies (99 in 100 agents standard, log
utility with their own weights, endowments and verification; producers with their own theta and c) and,
on one 20-agent economy, best-response iteration with SLSQP to the same regret. `bench_responses` counts a
crowd's best responses a second.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from typing import Any

import numpy as np
from scipy.optimize import minimize

from .agents import Agent, Producer, Standard
from .arrays import FloatArray
from .crowd import Crowd
from .economy import Block, Economy
from .equilibrium import solve_blocks, solve_nash
from .forms import Log, utility_from
from .payoffs import Rivals
from .plans import Plans, Totals
from .response import Response, best_response, gain
from .tastes import Taste
from .technology import Plants

SIZES = (1_000, 100_000, 1_000_000)


def bench_solve(
    sizes: tuple[int, ...] = SIZES, *, periods: int = 24, seed: int = 1, side_by_side: bool = True
) -> list[dict[str, Any]]:
    """Rows with agents, periods, seconds, peak_rss_mb, regret_sampled and residual.

    The last row, if asked for, is the 20-agent side by side: seconds of this solver, `slsqp_seconds`
    of iterated SLSQP best responses to the same regret (or to where it gave up), and `speedup`.
    """
    rows = []
    for size in sizes:
        blocks = synthetic_blocks(size, periods, seed)
        began = time.perf_counter()
        found = solve_blocks(blocks)
        seconds = time.perf_counter() - began
        rows.append(
            {
                "agents": size,
                "periods": periods,
                "seconds": seconds,
                "peak_rss_mb": _peak_rss_mb(),
                "regret_sampled": found.regret,
                "residual": found.residual,
                "solved": found.solved,
                "sweeps": found.sweeps,
            }
        )
        del blocks, found
    if side_by_side:
        rows.append(compare_slsqp(seed=seed))
    return rows


def synthetic_blocks(count: int, periods: int, seed: int) -> tuple[Block, ...]:
    """`count` heterogeneous agents as arrays, one in a hundred a producer (at least four)."""
    rng = np.random.default_rng(seed)
    makers = max(4, count // 100)
    owners = count - makers

    def taste(n: int, good: FloatArray) -> tuple[Taste, FloatArray]:
        weights = rng.uniform(0.2, 1.0, (n, periods)) / periods
        kwh = np.broadcast_to(rng.uniform(0.0, 0.01, (n, 1)), (n, periods))
        return Taste(Log, weights, good, kwh, np.zeros((n, 1))), kwh

    mine, used = taste(owners, np.where(rng.random(owners) < 0.5, 0.0, rng.uniform(0.1, 0.5, owners)))
    omega = rng.uniform(5.0, 15.0, owners)
    standard = Block(np.arange(owners), mine, omega, used)
    theirs, burnt = taste(makers, rng.uniform(0.5, 1.0, makers))
    plants = Plants(
        rng.uniform(2.0, 6.0, (makers, 1)),
        rng.uniform(0.3, 0.8, (makers, 1)),
        rng.uniform(25.0, 200.0, (makers, 1)) * rng.uniform(0.2, 1.0, (makers, periods)),
    )
    producers = Block(np.arange(owners, count), theirs, np.zeros(makers), burnt, plants)
    return standard, producers


def small_economy(seed: int = 1, periods: int = 24) -> Economy:
    """Fourteen homes and six plants: small enough for SLSQP."""
    rng = np.random.default_rng(seed)
    homes = [
        Standard(f"home-{i}", rng.uniform(5, 15), Log(rng.uniform(0.2, 1.0, periods), rng.uniform(0.1, 0.5)))
        for i in range(14)
    ]
    plants = [
        Producer(f"plant-{i}", rng.uniform(2, 6), 0.5, rng.uniform(5, 40), Log(rng.uniform(0.2, 1.0, periods), 1.0))
        for i in range(6)
    ]
    return Economy(periods, tuple(homes), tuple(plants), 0.01)


def compare_slsqp(*, seed: int = 1, periods: int = 24, target: float = 1e-8, max_rounds: int = 200) -> dict[str, Any]:
    """This solver against iterated SLSQP best responses on the same 20 agents, to the same regret."""
    economy = small_economy(seed, periods)
    tries = []
    for _ in range(9):
        began = time.perf_counter()
        found = solve_nash(economy)
        tries.append(time.perf_counter() - began)
    seconds = float(np.median(tries))
    began = time.perf_counter()
    regret, rounds = _iterate_slsqp(economy, target, max_rounds)
    slow = time.perf_counter() - began
    return {
        "agents": economy.count,
        "periods": economy.periods,
        "seconds": seconds,
        "peak_rss_mb": _peak_rss_mb(),
        "regret_sampled": found.regret,
        "residual": found.residual,
        "slsqp_seconds": slow,
        "slsqp_regret": regret if np.isfinite(regret) else None,
        "slsqp_rounds": rounds,
        "speedup": slow / seconds,
    }


def _iterate_slsqp(economy: Economy, target: float, max_rounds: int) -> tuple[float, int]:
    """Half-way best responses in (b, q) by SLSQP with numerical derivatives; (regret, rounds)."""
    count, periods = economy.count, economy.periods
    bids, xi = np.ones((count, periods)), np.full(count, 4.0)
    offers = np.zeros((count, periods))
    makers = range(len(economy.standard), count)
    for place in makers:
        offers[place] = 2.0
    regret = np.inf
    for number in range(1, max_rounds + 1):
        old_bids, old_xi, old_offers = bids.copy(), xi.copy(), offers.copy()
        for place in range(count):
            others = _others(economy, old_bids, old_xi, old_offers, place)
            new = _slsqp(economy, place, others, old_bids[place], old_xi[place], old_offers[place])
            bids[place] = 0.5 * (old_bids[place] + new[:periods])
            xi[place] = 0.5 * (old_xi[place] + new[periods])
            if place in makers:
                offers[place] = 0.5 * (old_offers[place] + new[periods + 1 :])
        if number % 5 == 0:
            regret = max(
                gain(
                    economy.agents[place],
                    Response(bids[place], xi[place], offers[place], 0.0),
                    _others(economy, bids, xi, offers, place),
                    verification=economy.verification_kwh[place],
                )
                for place in range(count)
            )
            if regret <= target:
                break
    return regret, number


def _others(economy: Economy, bids: FloatArray, xi: FloatArray, offers: FloatArray, place: int) -> Rivals:
    endowments = [home.endowment for home in economy.standard]
    own = endowments[place] if place < len(endowments) else 0.0
    return Rivals(
        bids.sum(axis=0) - bids[place],
        np.maximum(offers.sum(axis=0) - offers[place], 0.0),
        float(xi.sum() - xi[place]),
        sum(endowments) - own,
    )


def _slsqp(economy: Economy, place: int, others: Rivals, bids: FloatArray, xi: float, offers: FloatArray) -> FloatArray:
    agent, periods = economy.agents[place], economy.periods
    used = economy.verification_kwh[place]
    omega = agent.endowment if isinstance(agent, Standard) else 0.0
    good = others.endowments + omega
    makes = isinstance(agent, Producer)

    def outcome(v: FloatArray) -> tuple[FloatArray, float, float]:
        b, x0, q = v[:periods], v[periods], v[periods + 1 :] if makes else np.zeros(periods)
        money, kwh = others.bids + b, others.offers + q
        kept = x0 / (others.numeraire_bids + x0) * good - (agent.inputs(q) if isinstance(agent, Producer) else 0.0)
        earned = np.sum(q * money / kwh) + (others.numeraire_bids + x0) * omega / good
        return b / money * kwh - used, kept, float(earned - np.sum(b) - x0)

    def loss(v: FloatArray) -> float:
        energy, kept, _ = outcome(v)
        weights = agent.utility.weights
        return -float(weights @ _long_log(energy) + agent.utility.numeraire * _long_log(np.array([kept]))[0])

    top: list[Any] = [(1e-9, None)] * (periods + 1)
    if isinstance(agent, Producer):
        top += [(0.0, float(limit)) for limit in agent.limits]
    start = np.concatenate([bids, [xi], offers if makes else []])
    budget: Any = {"type": "ineq", "fun": lambda v: outcome(v)[2]}
    options: Any = {"maxiter": 200, "ftol": 1e-14}
    with np.errstate(all="ignore"):
        found = minimize(loss, start, bounds=top, constraints=[budget], method="SLSQP", options=options)
    return np.asarray(found.x)


def _long_log(amount: FloatArray) -> FloatArray:
    """ln, continued by its tangent below 1e-4 so that a search can come back from there."""
    low = 1e-4
    return np.where(amount > low, np.log(np.maximum(amount, low)), np.log(low) + (amount - low) / low)


def _peak_rss_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def bench_responses(
    count: int = 100_000, periods: int = 24, *, form: str = "log", producers: float = 0.0, days: int = 5, seed: int = 1
) -> dict[str, Any]:
    """Best responses a second of `count` agents to the last day, day after day, each moving half of the way.

    `producers` is the share of plants (c = 0.5) among them; without any, a day's supply is given, and with nothing else
    what others own. `seconds` are the
    median day's, on the clock and of this process; the load of the machine stands beside them, and `speedup` over
    `best_response` asked one by one of up to 64 of them, in processor time and in the same run.
    """
    rng = np.random.default_rng(seed)
    agents = [_member(rng, periods, form, makes=i < producers * count) for i in range(count)]
    crowd = Crowd(agents)
    supply = 0.0 if producers > 0 else 2.0 * count / periods
    used = np.broadcast_to(rng.uniform(0.0, 0.01, (count, 1)), (count, periods))
    shares = np.array([[*a.utility.weights, a.utility.numeraire] for a in agents])
    shares *= 10.0 / shares.sum(axis=1, keepdims=True)
    limits = np.array([a.limits if isinstance(a, Producer) else np.zeros(periods) for a in agents])
    own = Plans(shares[:, :periods].copy(), shares[:, periods].copy() + 2.0, 0.5 * limits)
    clock, work = [], []
    for _ in range(days):
        sums = own.totals(float(crowd.omega.sum()) or 10.0 * count)
        totals = Totals(sums.bids, sums.offers + supply, sums.numeraire_bids, sums.endowments)
        began, cpu = time.perf_counter(), time.process_time()
        best = crowd.respond(totals, own, verification=used)
        clock.append(time.perf_counter() - began)
        work.append(time.process_time() - cpu)
        for mine, new in zip((own.bids, own.numeraire_bids, own.offers), _arrays(best), strict=True):
            mine += 0.5 * (new - mine)
    seconds, cpu_seconds = float(np.median(clock)), float(np.median(work))
    places = range(0, count, max(1, count // 64))
    cpu = time.process_time()
    for place in places:
        rivals = Rivals(
            np.maximum(totals.bids - own.bids[place], 0.0),
            np.maximum(totals.offers - own.offers[place], 0.0),
            max(totals.numeraire_bids - float(own.numeraire_bids[place]), 0.0),
            max(totals.endowments - float(crowd.omega[place]), 0.0),
        )
        best_response(agents[place], rivals, verification=used[place])
    singly = (time.process_time() - cpu) / len(places)
    return {
        "agents": count,
        "periods": periods,
        "form": form,
        "producers": producers,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "responses_per_second": count / seconds,
        "responses_per_cpu_second": count / cpu_seconds,
        "speedup": singly * count / cpu_seconds,
        "load": os.getloadavg()[0],
    }


def _arrays(plans: Plans) -> tuple[FloatArray, FloatArray, FloatArray]:
    return plans.bids, plans.numeraire_bids, plans.offers


def _member(rng: np.random.Generator, periods: int, form: str, *, makes: bool) -> Agent:
    """A home, or a plant, of utility `form` with weights of its own."""
    shape = {"ces": {"rho": 0.5}, "crra": {"gamma": 2.0}, "exponential": {"alpha": 1.0}, "quadratic": {"bliss": 4.0}}
    weights = rng.uniform(0.2, 1.0, periods) / periods
    good = float(rng.uniform(0.1, 0.5)) if makes or rng.random() < 0.5 else 0.0
    stated = {"form": form, "electricity": weights, "numeraire": good, **shape.get(form, {})}
    utility = utility_from(stated, periods)
    if makes:
        limits = rng.uniform(25.0, 200.0) * rng.uniform(0.2, 1.0, periods)
        return Producer("plant", float(rng.uniform(2.0, 6.0)), 0.5, limits, utility)
    return Standard("home", float(rng.uniform(5.0, 15.0)), utility)
