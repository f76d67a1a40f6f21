"""Who takes part.

Staying out is always possible: such an agent keeps its endowment, sends nothing and burns nothing.
Many sets of participants can be self-consistent, so the rule that selects one is part of the game:
from all in; one at a time the agent with the smallest attainable x/(V + s) among those that would
rather be out leaves (ties: highest index), until nobody inside would rather be out.

*Attainable* is the largest r at which the agent could buy r (V + s) in every period, at the rivals'
totals of the market as it then is. Where utility outside is minus infinity an agent would rather be
out exactly when r <= 1 (or when it can get nothing that it must have); where it is finite, when what it
has inside is worth less. An agent that must have electricity on a post that cannot open attains
nothing, and one whose best action is to send nothing (no endowment, no capacity, no post on which its
plant pays) is out at once, since its absence changes nothing for anybody.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .arrays import BoolArray, FloatArray
from .buyers import rationing
from .economy import Block
from .nash import Trade
from .plants import self_supply
from .views import Rivalled


def opening_posts(blocks: tuple[Block, ...], inside: BoolArray) -> BoolArray:
    """(T,) posts with at least two possible sellers and two possible bidders among those inside.

    One bidder will do where its money has nowhere else to go: a standard agent that values no good, on the only post
    there is. Any bid serves it as well, and like everybody it spends what it earns.
    """
    periods = blocks[0].taste.weights.shape[1]
    sellers, bidders = np.zeros(periods, dtype=np.int64), np.zeros(periods, dtype=np.int64)
    captive = periods == 1
    for block in blocks:
        here = inside[block.rows][:, None]
        bids = here & ((block.taste.weights > 0) | (block.taste.floor > 0))
        bidders += np.sum(bids, axis=0)
        captive = captive and not np.any(bids[:, 0] & ((block.omega <= 0) | (block.taste.good > 0)))
        if block.plants is not None:
            sellers += np.sum(here & (block.plants.limits > 0), axis=0)
    return np.asarray((sellers >= 2) & (bidders >= (1 if captive else 2)))


def powerless(blocks: tuple[Block, ...]) -> BoolArray:
    """(n,) agents with nothing to offer on any post: no endowment, or no capacity."""
    out = np.zeros(sum(block.size for block in blocks), dtype=np.bool_)
    for block in blocks:
        own = block.omega > 0 if block.plants is None else block.plants.limits.max(axis=1) > 0
        out[block.rows] = ~own
    return out


def deprived(blocks: tuple[Block, ...], posts: BoolArray) -> BoolArray:
    """(n,) agents that must have electricity where no post opens."""
    out = np.zeros(sum(block.size for block in blocks), dtype=np.bool_)
    for block in blocks:
        taste = block.taste
        with np.errstate(all="ignore"):
            hungry = (taste.weights > 0) & _bottomless(block)
        out[block.rows] = np.any((hungry | (taste.floor > 0))[:, ~posts], axis=1)
    return out


def _bottomless(block: Block) -> BoolArray:
    """(n, 1) where v(0) is minus infinity."""
    zero = np.zeros_like(block.taste.shape)
    return np.isneginf(block.taste.form.worth(zero, block.taste.shape))


def outside_utilities(blocks: tuple[Block, ...]) -> FloatArray:
    """(n,) utility of staying out: E = 0 and x^0 = omega."""
    out = np.zeros(sum(block.size for block in blocks))
    for block in blocks:
        subsistence = block.taste.floor - block.verification
        empty = np.zeros_like(subsistence)
        value = replace(block.taste, risk=None).values(empty, block.omega)
        starving = np.any(subsistence > 1e-12 * block.taste.floor, axis=1)
        out[block.rows] = np.where(starving, -np.inf, value)
    return out


def attainable_ratios(blocks: tuple[Block, ...], deal: Trade, asked: BoolArray) -> FloatArray:
    """(n,) the largest r at which those `asked` could buy r (V + s), at the others' totals in `deal`."""
    out = np.full(deal.g.size, np.inf)
    posts = np.isfinite(deal.prices)
    prices, totals = deal.prices[posts], deal.totals[posts]
    for whole in blocks:
        needy = asked[whole.rows] & np.any(whole.taste.floor[:, posts] > 0, axis=1)
        if not needy.any():
            continue
        block = whole.take(needy, posts)
        x, q = deal.x[block.rows][:, posts], deal.q[block.rows][:, posts]
        good = float(sum(b.omega.sum() for b in blocks))
        view = Rivalled(
            bids=prices * np.maximum(totals - x, 1e-300),
            offers=np.maximum(totals - q, 1e-300),
            good_bids=np.maximum(good - deal.g[block.rows], 1e-300),
            good_offers=np.maximum(good - block.omega, 1e-12 * good),
        )
        with np.errstate(all="ignore"):
            if block.plants is None:
                income = view.good_money(np.zeros(block.size), block.omega)[0]
                out[block.rows] = rationing(block.taste.floor, income, view)
            else:
                out[block.rows] = self_supply(block.plants, block.taste.floor, view)[0]
    return out
