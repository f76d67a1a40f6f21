"""The best response of one agent to everybody else.

The agent sees the others' totals B_-, Q_- on every post. In net trades z = q - x the price is
B_-/(Q_- + z) and the money received B_- z/(Q_- + z), concave in z, so for c <= 1 the problem

    max u(x - V, x^0)   s.t.  money received on all posts >= 0,  g >= phi(q) + x^0,  0 <= q <= K

is convex; `buyers.py` and `plants.py` solve its conditions by nested monotone roots. Bids follow:
b^t = x^t B_-^t/(Q_-^t + z^t) and xi = g B_-^0/(Omega_- + omega - g).

*Empty posts.* With no rival bids or offers on a post a best response need not exist: an only
bidder wants to bid as little as possible, an only seller to sell as little as possible. The agent
then acts as if rivals had placed a `TOKEN` part of a typical post there, which gives a finite plan
that is nearly as good; its utility is reckoned with the true totals.

*Out of reach.* Where the floor V + s cannot be bought, utility is minus infinity whatever is done
and the answer is the attempt: all of the income spent on r (V + s), with r as large as possible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .agents import Agent, Producer, Standard
from .arrays import FloatArray, Numbers, number, vector
from .buyers import rationing
from .equivalents import equivalent
from .payoffs import Action, Rivals, payoff
from .plants import self_supply
from .prepayment import bind_producer, bind_standard
from .tastes import Taste
from .technology import Plants
from .views import Rivalled

TOKEN = 1e-6
"""Share of a typical post that stands in for rivals on a post without any."""


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """One agent's action: bids (T,) money, numeraire_bid, offers (T,) kWh, and its utility."""

    bids: FloatArray
    numeraire_bid: float
    offers: FloatArray
    utility: float


def best_response(agent: Agent, rivals: Rivals, *, verification: Numbers, held: float = np.inf) -> Response:
    """The action that serves `agent` best against `rivals`.

    Parameters
    ----------
    verification : (T,) kWh that the agent's payments burn, bought back before anything is consumed
    held : bytecoin at hand; all bids together stay within it

    >>> from .forms import Log
    >>> home = Standard("home", 10.0, Log([1.0], 0.0))
    >>> rivals = Rivals([8.0], [6.0], 16.0, 10.0)
    >>> round(float(best_response(home, rivals, verification=[0.0]).bids[0]), 9)  # 10/20 of 16
    8.0
    """
    needs = vector(verification, f"{agent.name}: verification", length=agent.periods)
    limit = number(held, f"{agent.name}: held", infinite=True)
    if isinstance(agent, Producer) and agent.investment_cost is not None and agent.c > 1:
        raise ValueError(f"{agent.name}: investment_cost is solved for c <= 1 only; state the capacity instead")
    if rivals.bids.size != agent.periods:
        raise ValueError(f"{agent.name}: rivals cover {rivals.bids.size} periods")
    scale, seen = _seen(agent, rivals)
    if seen is None or limit <= 0:
        return _finish(agent, np.zeros(agent.periods), 0.0, np.zeros(agent.periods), rivals, needs)
    taste = Taste.of([agent.utility], needs[None, :])
    if isinstance(agent, Standard):
        sold = (rivals.offers > 0)[None, :]  # nobody can buy where nobody sells
        taste = replace(
            taste,
            weights=np.where(sold, taste.weights, 0.0),
            floor=np.where(sold, taste.floor, 0.0),
        )
        bids, xi = bind_standard(taste, agent.endowment, seen, limit / scale)
        offers = np.zeros(agent.periods)
    else:
        bids, xi, offers = bind_producer(agent, taste, seen, limit / scale)
    return _finish(agent, bids * scale, xi * scale, offers, rivals, needs)


def _seen(agent: Agent, rivals: Rivals) -> tuple[float, Rivalled | None]:
    """The rivals' totals with p^0 near 1 and no empty post; None where nothing can be had."""
    omega = agent.endowment if isinstance(agent, Standard) else 0.0
    if rivals.endowments + omega <= 0:
        return 1.0, None
    money = max(rivals.numeraire_bids, float(rivals.bids.sum()) * TOKEN)
    if money <= 0:
        return 1.0, None
    good = max(rivals.endowments, TOKEN * omega)
    scale = money / good
    bids = rivals.bids / scale
    typical_money = TOKEN * max(float(bids.max(initial=0.0)), good / agent.periods)
    offers = rivals.offers
    own = float(agent.limits.max(initial=0.0)) if isinstance(agent, Producer) and agent.investment_cost is None else 0.0
    typical_kwh = TOKEN * max(float(offers.max(initial=0.0)), own, 1e-9)
    return scale, Rivalled(
        bids=np.where(bids > 0, bids, typical_money)[None, :],
        offers=np.where(offers > 0, offers, typical_kwh)[None, :],
        good_bids=np.array([good]),
        good_offers=np.array([good]),
    )


def _finish(
    agent: Agent,
    bids: FloatArray,
    xi: float,
    offers: FloatArray,
    rivals: Rivals,
    needs: FloatArray,
) -> Response:
    plan = Response(bids, xi, offers, 0.0)
    return Response(bids, xi, offers, payoff(agent, plan, rivals, verification=needs).utility)


def gain(
    agent: Agent,
    action: Action,
    rivals: Rivals,
    *,
    verification: Numbers,
    held: float = np.inf,
) -> float:
    """What a best response would add to `action`, in consumption equivalents (0.01 is 1 %).

    Infinite where `action` is worth minus infinity and no amount of growing would mend that; zero
    where nothing better is in reach.
    """
    best = best_response(agent, rivals, verification=verification, held=held)
    now = payoff(agent, action, rivals, verification=verification)
    return equivalent(agent.utility, now.consumption, now.good, best.utility)


def attainable(agent: Agent, rivals: Rivals, *, verification: Numbers) -> float:
    """The largest r such that `agent` could buy r (V + s) in every period; it lives on r > 1.

    Infinite where it needs nothing. With one period and no subsistence this is x/V.
    """
    needs = vector(verification, f"{agent.name}: verification", length=agent.periods)
    floor = needs + agent.utility.floor
    if not np.any(floor > 0):
        return np.inf
    _, seen = _seen(agent, rivals)
    if seen is None:
        return 0.0
    if isinstance(agent, Standard):
        if np.any((floor > 0) & (rivals.offers <= 0)):
            return 0.0
        omega = np.array([agent.endowment])
        income = seen.good_money(0.0 * omega, omega)[0]
        return float(rationing(floor[None, :], income, seen)[0])
    return float(self_supply(Plants.of([agent]), floor[None, :], seen)[0][0])
