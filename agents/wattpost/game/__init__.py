"""The market game in floats: utilities, technology, best responses and equilibria."""

from .agents import Agent, Producer, Standard
from .equivalents import equivalent
from .forms import Ces, Crra, Exponential, Linear, Log, Quadratic, utility_from
from .opening import Plan, opening_plan
from .payoffs import Action, Outcome, Rivals, outside, payoff
from .response import Response, attainable, best_response, gain
from .utility import Utility

__all__ = [
    "Action",
    "Agent",
    "Ces",
    "Crra",
    "Exponential",
    "Linear",
    "Log",
    "Outcome",
    "Plan",
    "Producer",
    "Quadratic",
    "Response",
    "Rivals",
    "Standard",
    "Utility",
    "attainable",
    "best_response",
    "equivalent",
    "gain",
    "opening_plan",
    "outside",
    "payoff",
    "utility_from",
]
