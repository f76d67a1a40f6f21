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

from dataclasses import dataclass, field, replace

import numpy as np

from .agents import Agent, Producer, Standard
from .arrays import FloatArray, Numbers, number, vector
from .buyers import rationing
from .economy import check_expected
from .equivalents import equivalent
from .payoffs import Action, Rivals, payoff
from .plants import self_supply
from .prepayment import bind_producer, bind_standard
from .risk import Risk
from .shadow import laid, shadow_values
from .states import Burnt, States, states_of
from .tastes import Taste
from .technology import Plants
from .views import Rivalled

TOKEN = 1e-6
"""Share of a typical post that stands in for rivals on a post without any."""


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """One agent's action: bids (T,) money, numeraire_bid, offers (T,) kWh, and its utility.

    Of a best response also lambda_s (S,), what a kWh less of verification in state s would be worth, its chance
    divided out (`shadow.py`); nan where no action is worth more than minus infinity.
    """

    bids: FloatArray
    numeraire_bid: float
    offers: FloatArray
    utility: float
    shadow_prices: FloatArray = field(default_factory=lambda: np.zeros(0))


def best_response(
    agent: Agent, rivals: Rivals, *, verification: Burnt, held: float = np.inf, profile: Numbers | None = None
) -> Response:
    """The action that serves `agent` best against `rivals`.

    Parameters
    ----------
    verification : (T,) kWh that the agent's payments burn, bought back before anything is consumed; where that is
        uncertain, `States`, and expected utility is what counts
    held : bytecoin at hand; all bids together stay within it
    profile : (T,) how a kWh of verification is laid over the periods, for `shadow_prices`; as V unless stated

    >>> from .forms import Log
    >>> home = Standard("home", 10.0, Log([1.0], 0.0))
    >>> rivals = Rivals([8.0], [6.0], 16.0, 10.0)
    >>> round(float(best_response(home, rivals, verification=[0.0]).bids[0]), 9)  # 10/20 of 16
    8.0
    """
    needs = states_of(verification, f"{agent.name}: verification", agent.periods)
    spread = None if profile is None else vector(profile, f"{agent.name}: profile", length=agent.periods)
    limit = number(held, f"{agent.name}: held", infinite=True)
    if isinstance(agent, Producer) and agent.investment_cost is not None and agent.c > 1:
        raise ValueError(f"{agent.name}: investment_cost is solved for c <= 1 only; state the capacity instead")
    if rivals.bids.size != agent.periods:
        raise ValueError(f"{agent.name}: rivals cover {rivals.bids.size} periods")
    scale, seen = _seen(agent, rivals)
    if seen is None or limit <= 0:
        nothing = Response(np.zeros(agent.periods), 0.0, np.zeros(agent.periods), 0.0)
        worth = payoff(agent, nothing, rivals, verification=needs).utility
        return replace(nothing, utility=worth, shadow_prices=np.full(needs.count, np.nan))
    whole = States(needs.weights, needs.amounts[:, None])
    risk = Risk.of(whole)
    if risk is not None:
        check_expected([agent])
    taste = Taste.of([agent.utility], whole.worst, risk)
    if isinstance(agent, Standard):
        sold = (rivals.offers > 0)[None, :]  # nobody can buy where nobody sells
        taste = replace(
            taste,
            weights=np.where(sold, taste.weights, 0.0),
            floor=np.where(sold, taste.floor, 0.0),
        )
        bids, xi, trades = bind_standard(taste, agent.endowment, seen, limit / scale)
    else:
        bids, xi, trades = bind_producer(agent, taste, seen, limit / scale)
    plan = Response(bids * scale, xi * scale, trades.q, 0.0)
    outcome = payoff(agent, plan, rivals, verification=needs)
    values = np.full(needs.count, np.nan)
    if np.isfinite(outcome.utility):
        good, shares = np.array([outcome.good]), laid(whole, spread)
        values = shadow_values(taste, trades.x[None, :], trades.worth[None, :], good, shares)[0]
    return replace(plan, utility=outcome.utility, shadow_prices=values)


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


def gain(
    agent: Agent,
    action: Action,
    rivals: Rivals,
    *,
    verification: Burnt,
    held: float = np.inf,
) -> float:
    """What a best response would add to `action`, in consumption equivalents (0.01 is 1 %).

    Infinite where `action` is worth minus infinity and no amount of growing would mend that; zero
    where nothing better is in reach.
    """
    best = best_response(agent, rivals, verification=verification, held=held)
    now = payoff(agent, action, rivals, verification=verification)
    chances = verification.weights if isinstance(verification, States) else np.ones(1)
    return equivalent(agent.utility, now.in_states, now.good, best.utility, chances=chances)


def attainable(agent: Agent, rivals: Rivals, *, verification: Burnt) -> float:
    """The largest r such that `agent` could buy r (V + s) in every period and state; it lives on r > 1.

    Infinite where it needs nothing. With one period and no subsistence this is x/V.
    """
    needs = states_of(verification, f"{agent.name}: verification", agent.periods).worst
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
