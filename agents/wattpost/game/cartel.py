"""Cartels: members act as one, with a pooled budget and the sum of their utilities; all others play Nash.

Start from the Nash equilibrium, keep its participants and open posts, and play best responses: outsiders each for
themselves, members jointly (`pool.py`), everybody a fraction of the way, until nothing moves. What comes out is
proved by duality, agent by agent outside and for the cartel as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .agents import Producer
from .arrays import BoolArray, FloatArray
from .certificate import certify
from .dynamics import _respond
from .economy import Economy
from .equilibrium import TOLERANCE, solve_nash
from .equivalents import equivalent
from .forms import Ces
from .nash import Trade
from .payoffs import Rivals
from .pool import Joint, Pool
from .response import Response, gain
from .solution import Solution, Status
from .utility import Utility
from .views import Rivalled

SETTLED = 1e-11
"""Relative change of bids and offers at which play has settled."""


@dataclass(frozen=True, slots=True, eq=False)
class Cartel:
    """A cartel of m members against the Nash equilibrium.

    Attributes
    ----------
    members : their places in the economy
    outcome : everybody's actions under the cartel; its regret covers outsiders and the cartel as one. Where its status
        says that nothing was solved, it repeats the actions of `nash`
    nash : the equilibrium without it
    joining : (m,) each member's change against Nash, in consumption equivalents; below zero is a loss
    leaving : (m,) what each would gain by its own best response, on its own budget, to the others as they are
    joint_gain : change of the members' summed utility against Nash
    """

    members: tuple[int, ...]
    outcome: Solution
    nash: Solution
    joining: FloatArray
    leaving: FloatArray
    joint_gain: float


def solve_cartel(
    economy: Economy,
    members: Sequence[int],
    *,
    tolerance: float = TOLERANCE,
    step: float = 0.5,
    max_rounds: int = 600,
    nash: Solution | None = None,
) -> Cartel:
    """What happens when `members` (places in the economy, standard agents first) form a cartel.

    nash : the equilibrium without it, where it is already known

    >>> from .agents import Producer, Standard
    >>> from .forms import Log
    >>> homes = [Standard("home", 8.0, Log([1.0], 0.0))] * 2
    >>> plants = [Producer("plant", 2.0, 0.5, 99.0, Log([0.0], 1.0))] * 3
    >>> found = solve_cartel(Economy(1, homes, plants), (2, 3))
    >>> bool(found.outcome.prices[0] > found.nash.prices[0]), bool(found.joint_gain > 0)  # the one outside makes more
    (True, False)
    """
    places = _checked(economy, members)
    nash = nash or solve_nash(economy, tolerance=tolerance)
    for place in places:
        if not nash.participants[place]:
            raise ValueError(f"{economy.agents[place].name}: takes no part in the market, so it cannot join a cartel")
    inside = np.zeros(economy.count, dtype=np.bool_)
    inside[list(places)] = True
    if not nash.solved or not _rivalled(economy, nash, inside):
        status = Status.NO_RIVAL if nash.solved else nash.status
        nothing = np.full(len(places), np.nan)
        return Cartel(places, replace(nash, status=status, regret=np.nan), nash, nothing, nothing, np.nan)
    outcome = _play(economy, nash, inside, tolerance, step, max_rounds)
    joining, leaving = np.zeros(len(places)), np.zeros(len(places))
    for number, place in enumerate(places):
        joining[number] = _change(economy.agents[place].utility, nash, outcome, place)
        leaving[number] = _deviation(economy, outcome, place)
    chosen = list(places)
    total = float(outcome.utilities[chosen].sum() - nash.utilities[chosen].sum())
    return Cartel(places, outcome, nash, joining, leaving, total)


def _checked(economy: Economy, members: Sequence[int]) -> tuple[int, ...]:
    places = tuple(sorted({int(m) for m in members}))
    if not places or places[0] < 0 or places[-1] >= economy.count:
        raise ValueError(f"members must be places from 0 to {economy.count - 1}, at least one")
    if any(block.taste.risk is not None for block in economy.blocks):
        raise ValueError("verification: cartels are not solved for where it is uncertain")
    agents = [economy.agents[place] for place in places]
    for agent in agents:
        if isinstance(agent, Producer) and agent.c > 1:
            raise ValueError(
                f"{agent.name}: a cartel is solved as a convex problem, which c > 1 is not; take c <= 1 or leave it out"
            )
        if isinstance(agent, Producer) and agent.investment_cost is not None:
            raise ValueError(f"{agent.name}: a cartel is solved for given capacities; state one, or leave it out")
        if isinstance(agent.utility, Ces) and not all(_alike(agent.utility, other.utility) for other in agents):
            raise ValueError(
                f"{agent.name}: summed ces utility is of degree one, and is solved where all members share its weights "
                "and rho; give it crra utility, or leave it out"
            )
    return places


def _alike(one: Utility, other: Utility) -> bool:
    same = type(one) is type(other) and one.shape == other.shape and one.numeraire == other.numeraire
    return bool(same and np.array_equal(one.weights, other.weights))


def _rivalled(economy: Economy, nash: Solution, inside: BoolArray) -> bool:
    """Whether the cartel faces somebody on both sides of every post it could rule alone."""
    posts, there = nash.open, nash.participants & ~inside
    sells, bids = np.zeros(posts.size, dtype=np.bool_), np.zeros(posts.size, dtype=np.bool_)
    owns = buys = wants = False
    for block in economy.blocks:
        rows = there[block.rows]
        bids |= np.any(rows[:, None] & ((block.taste.weights > 0) | (block.taste.floor > 0)), axis=0)
        owns |= bool(np.any(rows & (block.omega > 0)))
        uses = block.taste.good > 0
        if block.plants is not None:
            sells |= np.any(rows[:, None] & (block.plants.limits > 0), axis=0)
            uses = np.ones_like(uses)
        buys |= bool(np.any(rows & uses))
        wants |= bool(np.any(inside[block.rows] & uses))
    return bool(np.all((sells & bids)[posts]) and posts.any()) and buys and (owns or not wants)


def _play(
    economy: Economy, nash: Solution, inside: BoolArray, tolerance: float, step: float, max_rounds: int
) -> Solution:
    posts, there = nash.open, nash.participants
    blocks = economy.blocks
    outside = [b.take((there & ~inside)[b.rows], posts) for b in blocks if (there & ~inside)[b.rows].any()]
    pool = Pool(tuple(b.take(inside[b.rows], posts) for b in blocks if inside[b.rows].any()))
    omega = np.zeros(economy.count)
    for block in blocks:
        omega[block.rows] = np.where(there[block.rows], block.omega, 0.0)
    bids, xi, offers = nash.bids[:, posts].copy(), nash.numeraire_bids.copy(), nash.offers[:, posts].copy()
    rounds, moved = 0, np.inf
    while moved > SETTLED * step and rounds < max_rounds:
        rounds += 1
        before = (bids.copy(), xi.copy(), offers.copy())
        view = _view(bids, xi, offers, omega, inside)
        joint = pool.respond(view)
        goal = [array.copy() for array in before]
        for block in outside:
            for array, part in zip(goal, _respond(block, *before, omega), strict=True):
                array[block.rows] = part
        goal[0][pool.rows], goal[1][pool.rows], goal[2][pool.rows] = _actions(pool, view, joint)
        for array, new in zip((bids, xi, offers), goal, strict=True):
            array += step * (new - array)
        moved = max(
            float(np.max(np.abs(new - old)) / np.max(np.abs(new)))
            for new, old in zip((bids, xi, offers), before, strict=True)
        )
    return _report(
        economy, nash, inside, posts, (bids, xi, offers), pool, omega, moved <= SETTLED * step, tolerance, rounds
    )


def _view(bids: FloatArray, xi: FloatArray, offers: FloatArray, omega: FloatArray, inside: BoolArray) -> Rivalled:
    rest = ~inside
    return Rivalled(
        bids=bids[rest].sum(axis=0)[None, :],
        offers=offers[rest].sum(axis=0)[None, :],
        good_bids=np.array([xi[rest].sum()]),
        good_offers=np.array([omega[rest].sum()]),
    )


def _actions(pool: Pool, view: Rivalled, joint: Joint) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(m, T) bids, (m,) bids on post 0 and (m, T) offers that bring about `joint`."""
    z = joint.q.sum(axis=0) - joint.x.sum(axis=0)
    price = view.bids[0] / (view.offers[0] + z)
    level = float(view.good_bids[0] / (view.good_offers[0] + pool.omega - joint.good))
    return joint.x * price, (pool.used(joint.q) + joint.kept) * level, joint.q


def _report(
    economy: Economy,
    nash: Solution,
    inside: BoolArray,
    posts: BoolArray,
    actions: tuple[FloatArray, FloatArray, FloatArray],
    pool: Pool,
    omega: FloatArray,
    settled: bool,
    tolerance: float,
    rounds: int,
) -> Solution:
    bids, xi, offers = actions
    level = float(xi.sum() / omega.sum())
    money, totals = bids.sum(axis=0) / level, offers.sum(axis=0)
    count, periods = economy.count, posts.size
    x, q = np.zeros((count, periods)), np.zeros((count, periods))
    x[:, posts], q[:, posts] = bids / bids.sum(axis=0) * totals, offers
    g = xi / level
    prices, sums = np.full(periods, np.nan), np.zeros(periods)
    prices[posts], sums[posts] = money / totals, totals
    good = g.copy()
    for block in economy.blocks:
        floor, mine = block.taste.floor, x[block.rows]
        x[block.rows] = np.where(np.abs(mine - floor) <= 1e-12 * floor, floor, mine)  # undo rounding
        if block.plants is not None:
            good[block.rows] = np.maximum(g[block.rows] - block.plants.used(q[block.rows]), 0.0)
    none = np.full(count, -np.inf)
    idle = np.zeros(count, dtype=np.bool_)
    deal = Trade(prices, sums, x, q, g, good, none, none, idle, 0.0, rounds)
    there = nash.participants
    members = tuple(b.take(there[b.rows], slice(None)) for b in economy.blocks if there[b.rows].any())
    proof = certify(members, deal)
    view = _view(bids / level, g, offers, omega, inside)
    rows = pool.rows
    here = pool.respond(view)
    kept = replace(here, x=x[rows][:, posts], q=offers[rows], kept=good[rows], good=float(g[rows].sum()))
    outsiders = there & ~inside
    regret = float(max(np.max(proof.regret[outsiders], initial=0.0), pool.bound(view, kept)))
    scale = max(float(np.abs(here.q).max()), float(np.abs(here.x).max()))
    miss = max(float(np.abs(here.q - kept.q).max()), float(np.abs(here.x - kept.x).max())) / scale
    residual = float(max(np.max(proof.residual[outsiders], initial=0.0), proof.clearing, miss, here.error))
    status = Status.SOLVED if regret <= tolerance else Status.REGRET
    if not settled or not residual <= 1e-7:
        status = Status.NOT_FOUND
    return replace(
        nash,
        status=status,
        regret=regret,
        residual=residual,
        prices=prices,
        totals=sums,
        allocations=x,
        offers=q,
        good_bought=g,
        numeraire=np.where(there, good, nash.numeraire),
        utilities=np.where(there, proof.utilities, nash.utilities),
        money_values=proof.money_values,
        good_values=proof.good_values,
        sweeps=rounds,
    )


def _change(utility: Utility, nash: Solution, outcome: Solution, place: int) -> float:
    """What the cartel is worth to a member, in consumption equivalents of what it has under Nash."""
    old, new = nash.utilities[place], outcome.utilities[place]
    if new >= old:
        return equivalent(utility, nash.consumption[place], nash.numeraire[place], new)
    return -equivalent(utility, outcome.consumption[place], outcome.numeraire[place], old)


def _deviation(economy: Economy, outcome: Solution, place: int) -> float:
    bids, xi, offers = outcome.bids, outcome.numeraire_bids, outcome.offers
    agent = economy.agents[place]
    own = 0.0 if isinstance(agent, Producer) else agent.endowment
    owned = sum(h.endowment for h, there in zip(economy.standard, outcome.participants, strict=False) if there)
    rest = np.arange(economy.count) != place
    rivals = Rivals(bids[rest].sum(axis=0), offers[rest].sum(axis=0), float(xi[rest].sum()), max(owned - own, 0.0))
    action = Response(bids[place], float(xi[place]), offers[place], 0.0)
    return gain(agent, action, rivals, verification=outcome.verification_kwh[place])
