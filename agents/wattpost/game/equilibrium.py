"""`solve_nash`: participants, prices, allocation and certificate of an economy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .arrays import BoolArray, FloatArray
from .certificate import Certificate, certify
from .economy import Block, Economy
from .nash import Trade, trade
from .participation import attainable_ratios, deprived, opening_posts, outside_utilities, powerless
from .shadow import shadow_prices
from .solution import Solution, Status

TOLERANCE = 1e-8
"""Regret, in consumption equivalents, up to which an outcome counts as an equilibrium."""

PATIENCE = 30
"""Sweeps before an agent that is short of what it needs is let go at a rough state of the market."""

HURRY = 12
"""The same among more than `MANY` agents, where every sweep costs."""

MANY = 1_000

TIE = 1e-9
"""Relative difference up to which two agents are equally far from affording their floors."""

ROUGH = 1e-3
"""Error of the aggregates at which it is first asked who cannot afford its floor."""

MARGIN = 30.0
"""How many times that error the ratio of the one that leaves must lie below one, and below the next."""

SAMPLE = 4_096
"""Agents in the sample whose replica gives a large economy its first guess."""


def solve_nash(
    economy: Economy,
    *,
    tolerance: float = TOLERANCE,
    max_sweeps: int = 200,
    participation: bool = True,
    start: FloatArray | None = None,
    threads: int = 2,
) -> Solution:
    """The trading Nash equilibrium of `economy`, or no trade where nothing else exists.

    Parameters
    ----------
    tolerance : largest regret, in consumption equivalents, of what is called solved
    max_sweeps : how often all agents are asked before giving up, for each set of participants
    participation : apply the exit rule; False keeps everybody in who has something to offer
    start : (T,) prices to begin from

    >>> from .agents import Producer, Standard
    >>> from .forms import Log
    >>> homes = [Standard("home", 8.0, Log([1.0], 0.0))] * 2
    >>> plants = [Producer("plant", 2.0, 0.5, 99.0, Log([0.0], 1.0))] * 2
    >>> found = solve_nash(Economy(1, homes, plants))
    >>> found.solved, found.offers[2].round(6)  # 2 sqrt((1/2) (1/2)^2 16/2)
    (True, array([2.]))
    """
    found = solve_blocks(
        economy.blocks,
        tolerance=tolerance,
        max_sweeps=max_sweeps,
        participation=participation,
        start=start,
        threads=threads,
    )
    return replace(found, shadow_prices=shadow_prices(economy, found))


def solve_blocks(
    blocks: tuple[Block, ...],
    *,
    tolerance: float = TOLERANCE,
    max_sweeps: int = 200,
    participation: bool = True,
    start: FloatArray | None = None,
    threads: int = 2,
) -> Solution:
    """`solve_nash` for an economy that is kept as blocks only."""
    outside = outside_utilities(blocks)
    inside = ~powerless(blocks)
    exits = [int(i) for i in np.flatnonzero(~inside)[::-1]]
    sweeps = 0
    known: tuple[FloatArray, FloatArray] | None = None
    if start is not None:
        known = (np.asarray(start, dtype=np.float64), np.full(len(start), np.nan))
    while True:
        posts = opening_posts(blocks, inside)
        lost = inside & deprived(blocks, posts)
        if lost.any() and participation:
            leaver = int(np.flatnonzero(lost)[-1])
            inside[leaver] = False
            exits.append(leaver)
            continue
        if not posts.any() or not _both_sides(blocks, inside):
            return _idle(blocks, exits, Status.NO_TRADE if len(exits) else Status.ONE_SIDED, sweeps)
        patience = min(max_sweeps, PATIENCE if inside.size <= MANY else HURRY)
        if known is None and inside.size > 4 * SAMPLE:
            known = _from_sample(blocks, inside, posts, max_sweeps)
        rough = ROUGH if participation else 0.0
        deal = trade(blocks, inside, posts, start=known, rough=rough, max_sweeps=patience, threads=threads)
        sweeps += deal.sweeps
        if participation and deal.rationed.any() and deal.error > ROUGH and known is not None:
            again = trade(blocks, inside, posts, rough=rough, max_sweeps=patience, threads=threads)
            sweeps += again.sweeps
            deal = again if again.error < deal.error else deal
        if participation and deal.rationed.any():
            known = (deal.prices, deal.totals)
            short = _surely_short(blocks, inside, deal)
            if short is not None:
                known = _without(short, blocks, inside, deal)
                inside[short] = False
                exits.append(short)
                continue
            deal = trade(blocks, inside, posts, start=known, max_sweeps=patience, threads=threads)
            sweeps += deal.sweeps
        if deal.error > 1e-9 and not deal.rationed.any() and max_sweeps > patience:
            known = (deal.prices, deal.totals)
            deal = trade(blocks, inside, posts, start=known, max_sweeps=max_sweeps, threads=threads)
            sweeps += deal.sweeps
        known = (deal.prices, deal.totals)
        silent = inside & (deal.g <= 0) & (deal.q.max(axis=1) <= 0) & (deal.x.max(axis=1) <= 0)
        if silent.any():
            exits.extend(int(i) for i in np.flatnonzero(silent)[::-1])
            inside &= ~silent
            continue
        members = tuple(b.take(inside[b.rows], slice(None)) for b in blocks if inside[b.rows].any())
        if not participation:
            return _finish(members, deal, inside, exits, outside, tolerance, sweeps, blocks)
        closed = ~np.isfinite(deal.prices)
        hungry = inside & deprived(blocks, ~closed)
        proof = certify(members, deal)
        with np.errstate(invalid="ignore"):
            worse = proof.utilities < outside - 1e-12 * np.abs(outside)
        leaving = inside & (deal.rationed | hungry | worse)
        if not leaving.any():
            return _finish(members, deal, inside, exits, outside, tolerance, sweeps, blocks, proof)
        ratios = attainable_ratios(members, deal, leaving)
        ratios[hungry] = 0.0
        order = np.where(leaving, ratios, np.inf)
        least = order[leaving].min()
        leaver = int(np.flatnonzero(leaving & (order <= least * (1.0 + TIE)))[-1])
        known = _without(leaver, blocks, inside, deal)
        inside[leaver] = False
        exits.append(leaver)


def _surely_short(blocks: tuple[Block, ...], inside: BoolArray, deal: Trade) -> int | None:
    """Who is first to leave for want of its floor, where that is beyond doubt although `deal` is rough."""
    if not deal.rationed.any() or np.any(inside & deprived(blocks, np.isfinite(deal.prices))):
        return None
    members = tuple(b.take(inside[b.rows], slice(None)) for b in blocks if inside[b.rows].any())
    ratios = np.where(deal.rationed, attainable_ratios(members, deal, deal.rationed), np.inf)
    least = ratios.min()
    first = ratios <= least * (1.0 + TIE)
    clear = least * (1.0 + MARGIN * deal.error) + 1e-300
    return int(np.flatnonzero(first)[-1]) if clear < 1.0 and clear < ratios[~first].min(initial=np.inf) else None


def _without(leaver: int, blocks: tuple[Block, ...], inside: BoolArray, deal: Trade) -> tuple[FloatArray, FloatArray]:
    """Prices and totals (T,) to begin from when `leaver` has taken its part of the good away.

    Where all is spent on electricity, made with returns c, prices go with Omega^(1 - c) and totals with Omega^c.
    """
    omega = np.zeros(inside.size)
    returns = []
    for block in blocks:
        omega[block.rows] = block.omega
        if block.plants is not None:
            returns.append(block.plants.c[inside[block.rows]].ravel())
    c = min(float(np.mean(np.concatenate(returns))), 1.0)
    left = max(1.0 - omega[leaver] / float(omega[inside].sum()), 1e-3)
    return deal.prices * left ** (1.0 - c), deal.totals * left**c


def _from_sample(
    blocks: tuple[Block, ...], inside: BoolArray, posts: BoolArray, max_sweeps: int
) -> tuple[FloatArray, FloatArray]:
    """Prices and totals (T,) of a large economy, guessed by solving the k-fold replica of every k-th agent."""
    fold = inside.size // SAMPLE
    chosen = np.zeros_like(inside)
    for block in blocks:
        chosen[block.rows[inside[block.rows]][::fold]] = True
    weight = float(inside.sum() / chosen.sum())
    deal = trade(blocks, chosen, posts, power=1.0 / weight, tolerance=1e-6, max_sweeps=max_sweeps)
    return deal.prices, deal.totals * weight


def _both_sides(blocks: tuple[Block, ...], inside: BoolArray) -> bool:
    """Somebody sells the good, and not only one who wants it all back (it costs a sole owner nothing)."""
    owners = sum(int(np.sum(inside[b.rows] & (b.omega > 0))) for b in blocks)
    keen = sum(int(np.sum(inside[b.rows] & (b.omega > 0) & (b.taste.good > 0))) for b in blocks)
    return owners >= 2 or owners > keen


def _idle(blocks: tuple[Block, ...], exits: list[int], status: Status, sweeps: int) -> Solution:
    """No trade: everybody outside with its endowment."""
    count = sum(block.size for block in blocks)
    periods = blocks[0].taste.weights.shape[1]
    kept = np.zeros(count)
    for block in blocks:
        kept[block.rows] = block.omega
    nothing, none = np.zeros((count, periods)), np.zeros(count)
    return Solution(
        status=status,
        regret=0.0,
        residual=0.0,
        prices=np.full(periods, np.nan),
        totals=np.zeros(periods),
        allocations=nothing,
        offers=nothing,
        good_bought=none,
        numeraire=kept,
        utilities=outside_utilities(blocks),
        participants=np.zeros(count, dtype=np.bool_),
        exits=tuple(exits),
        verification_kwh=_verification(blocks, count, periods),
        money_values=none,
        good_values=none,
        sweeps=sweeps,
    )


def _finish(
    members: tuple[Block, ...],
    deal: Trade,
    inside: BoolArray,
    exits: list[int],
    outside: FloatArray,
    tolerance: float,
    sweeps: int,
    blocks: tuple[Block, ...],
    proof: Certificate | None = None,
) -> Solution:
    proof = proof or certify(members, deal)
    regret = float(np.max(proof.regret[inside], initial=0.0))
    residual = float(max(np.max(proof.residual[inside], initial=0.0), proof.clearing))
    status = Status.SOLVED
    if not deal.error <= 1e-9 or not residual <= 1e-7:
        status = Status.NOT_FOUND
    elif not regret <= tolerance:
        status = Status.REGRET
    kept = deal.good.copy()
    for block in blocks:
        kept[block.rows] = np.where(inside[block.rows], kept[block.rows], block.omega)
    return Solution(
        status=status,
        regret=regret,
        residual=residual,
        prices=deal.prices,
        totals=deal.totals,
        allocations=deal.x,
        offers=deal.q,
        good_bought=deal.g,
        numeraire=kept,
        utilities=np.where(inside, proof.utilities, outside),
        participants=inside.copy(),
        exits=tuple(exits),
        verification_kwh=_verification(blocks, inside.size, deal.prices.size),
        money_values=proof.money_values,
        good_values=proof.good_values,
        sweeps=sweeps,
    )


def _verification(blocks: tuple[Block, ...], count: int, periods: int) -> FloatArray:
    kwh = np.zeros((count, periods))
    for block in blocks:
        kwh[block.rows] = block.mean_verification
    return kwh
