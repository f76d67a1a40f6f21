"""The rules in plain integers: slow, obvious, and the judge of the chain.

Amounts on posts are whole 10^-9; accounts, energy charges and parameters have 18 decimals, as on chain.
"""

from wattpost.spec.account import Account, Dust, Kind, Phase, SignedBid, Skipped
from wattpost.spec.amounts import MAX_AMOUNT, MAX_PERIODS, UNIT, WAD, pack, pack_profile, unpack, words_for
from wattpost.spec.day import Outcome, Plant, Run, Submission, Totals, deliver, outcome, run_plant, totals
from wattpost.spec.energy import Books, Reading
from wattpost.spec.market import Market
from wattpost.spec.refusal import Refused

__all__ = [
    "MAX_AMOUNT",
    "MAX_PERIODS",
    "UNIT",
    "WAD",
    "Account",
    "Books",
    "Dust",
    "Kind",
    "Market",
    "Outcome",
    "Phase",
    "Plant",
    "Reading",
    "Refused",
    "Run",
    "SignedBid",
    "Skipped",
    "Submission",
    "Totals",
    "deliver",
    "outcome",
    "pack",
    "pack_profile",
    "run_plant",
    "totals",
    "unpack",
    "words_for",
]
