"""The market game in floats: utilities, technology, best responses and equilibria."""

from .agents import Agent, Producer, Standard
from .cartel import Cartel, solve_cartel
from .competitive import solve_competitive
from .crowd import Crowd
from .dynamics import Path, best_response_dynamics
from .economy import Economy
from .equilibrium import solve_nash
from .equivalents import equivalent
from .forms import Ces, Crra, Exponential, Linear, Log, Quadratic, utility_from
from .inventory import Inventory
from .opening import Plan, opening_plan
from .payoffs import Action, Outcome, Rivals, outside, payoff
from .plans import Plans, Totals
from .report import cartel_to_json, sensitivity_to_json, solution_to_json, solve_to_json
from .response import Response, attainable, best_response, gain
from .sensitivity_parameter import parameter
from .solution import Solution, Status
from .states import States, gas_distribution
from .statics import Sensitivity, sensitivity
from .utility import Utility
from .welfare import Loss, Welfare, loss, welfare

__all__ = [
    "Action",
    "Agent",
    "Cartel",
    "Ces",
    "Crowd",
    "Crra",
    "Economy",
    "Exponential",
    "Inventory",
    "Linear",
    "Log",
    "Loss",
    "Outcome",
    "Path",
    "Plan",
    "Plans",
    "Producer",
    "Quadratic",
    "Response",
    "Rivals",
    "Sensitivity",
    "Solution",
    "Standard",
    "States",
    "Status",
    "Totals",
    "Utility",
    "Welfare",
    "attainable",
    "best_response",
    "best_response_dynamics",
    "cartel_to_json",
    "equivalent",
    "gain",
    "gas_distribution",
    "loss",
    "opening_plan",
    "outside",
    "parameter",
    "payoff",
    "sensitivity",
    "sensitivity_to_json",
    "solution_to_json",
    "solve_cartel",
    "solve_competitive",
    "solve_nash",
    "solve_to_json",
    "utility_from",
    "welfare",
]
