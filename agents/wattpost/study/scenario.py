"""Scenario files: an economy, its calendar and its settlement layer, in TOML.

The format is section 6 of the design, with these additions:

- ``[market]``: ``about`` (one line for ``wattpost scenarios``), ``step`` (how far an agent moves
  each day towards its best response, default 0.5), ``window`` (seconds in which bids are taken,
  default 600) and ``patience`` (seconds of a silent meter after which anyone may end the day,
  default 3600).
- a producer's ``solar = { latitude, longitude, date, timezone }`` and a utility's
  ``electricity = { profile, date }``: see `scenario_profiles`. A single number as ``electricity``
  is the same weight in every period.
- ``[verification] profile``: how an agent's V is laid over the periods (default: evenly); for
  ``financing = "inventory"`` also ``efficiency`` (default 1) and ``store``, kWh that each agent has at first (default
  what two days of ``gas`` burn); ``watts_per_core`` for ``layer = "measured"``.
- ``[[verification.state]]``: uncertain validation, see `scenario_states`.

Whatever is wrong with a file becomes a `ScenarioError`: one sentence that names file and key.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattpost.energy.layers import LAYERS, MEASURED
from wattpost.energy.measured import MOST_WATTS, WATTS_PER_CORE
from wattpost.study.scenario_agents import read_producers, read_standard
from wattpost.study.scenario_reading import ScenarioError, Table, near
from wattpost.study.scenario_states import obstacles, read_states

if TYPE_CHECKING:
    from wattpost.energy import Measurement
    from wattpost.fleet.faults import State
    from wattpost.game import Producer, Standard

__all__ = ["Scenario", "ScenarioError", "Verification", "load", "names", "parse"]

MOST_PERIODS = 48
MOST_WHOLE_UNITS = 1e9
LARGEST_C = 3.0
SMALLEST_UNIT = 1e-9  # of a post
SMALLEST_PARAMETER = 1e-18
LARGEST_THETA = 7e10  # 2^96 - 1 with 18 decimals
MOST_PROCESSED = 20_000
SECTIONS = ("market", "standard", "producer", "verification")
MARKET_KEYS = (
    "name", "about", "periods", "days", "seed", "bytecoin", "step", "window", "patience",
)  # fmt: skip
VERIFICATION_KEYS = (
    "layer", "joules_per_gas", "watts_per_core", "gas", "financing", "efficiency", "store", "payers", "profile",
    "state",
)  # fmt: skip
MOST_STORED = 1e9  # kWh


@dataclass(frozen=True, slots=True)
class Verification:
    """Who pays for validation, in what, and how much is expected before the first receipt."""

    layer: str | None  # a preset of wattpost.energy, or "measured"; None when joules_per_gas is given
    joules_per_gas: float | None
    watts_per_core: float  # for the layer "measured"
    gas: int  # per agent and day, before anything was measured
    financing: str  # "purchase" | "inventory"
    payers: str  # "all" | "standard"
    profile: tuple[float, ...]  # T shares of an agent's V, summing to one
    states: tuple[State, ...] = ()  # of validation, with probabilities; none where it is certain
    efficiency: float = 1.0  # of stores; for inventory
    store: float | None = None  # kWh in each agent's store at first; None: two days of what `gas` burns
    measured: Measurement | None = None  # by the run that is repeated; for the layer "measured"


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """One economy, ready to be solved or run. Standard agents first, then producers, in file order."""

    name: str
    about: str
    periods: int
    days: int
    seed: int
    bytecoin: float  # held by each agent at the start
    step: float
    window: int  # seconds
    patience: int  # seconds
    agents: tuple[Standard | Producer, ...]
    forms: tuple[Mapping[str, Any], ...]
    """Each agent's utility as plain numbers: JSON for its process, then `game.utility_from`."""
    inputs: tuple[str, ...]  # what was computed from real data, one sentence each
    verification: Verification
    text: str  # the file, verbatim: a manifest repeats it
    source: str  # the file's name, for sentences

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def standard(self) -> tuple[Standard, ...]:
        from wattpost.game import Standard

        return tuple(agent for agent in self.agents if isinstance(agent, Standard))

    @property
    def producers(self) -> tuple[Producer, ...]:
        from wattpost.game import Producer

        return tuple(agent for agent in self.agents if isinstance(agent, Producer))

    def check_runnable(self) -> None:
        """Refuse what can be solved but not run on a chain; says nothing when all is well."""
        for obstacle in self._obstacles():
            raise ScenarioError(f"{self.source}: {obstacle}")

    def _obstacles(self) -> Iterator[str]:
        if not self.standard or not self.producers:
            absent = "standard agent" if not self.standard else "producer"
            yield f"a run needs at least one {absent}; add a [[{absent.split()[0]}]] section."
        if self.verification.payers != "all":
            yield '[verification] payers = "standard" can only be solved: on chain everybody pays.'
        yield from obstacles(self.verification.states, self.verification.gas)
        yield from _too_large("[market] bytecoin", self.bytecoin)
        if self.bytecoin < SMALLEST_UNIT:
            yield "[market] bytecoin must be at least 1e-9 in a run, for bids are paid in advance."
        if len(self.agents) > MOST_PROCESSED:
            yield f"a run holds at most {MOST_PROCESSED:,} agents, not {len(self.agents):,}; solve has no such limit."
        for buyer in self.standard:
            yield from _too_large(f'the endowment of "{buyer.name}"', buyer.endowment)
            if buyer.endowment < SMALLEST_UNIT:
                yield f'the endowment of "{buyer.name}" must be at least 1e-9 in a run: it is what it sells.'
        for plant in self.producers:
            if plant.investment_cost is not None:
                yield (
                    f'investment_cost of "{plant.name}" makes its capacity a choice, which can be solved '
                    "but not run: remove the key."
                )
            yield from _too_large(f'the capacity of "{plant.name}"', float(plant.limits.max()))
            if not SMALLEST_PARAMETER <= plant.c <= LARGEST_C:
                yield f'c of "{plant.name}" must be in (0, {LARGEST_C:g}] with 18 decimals in a run, not {plant.c:g}.'
            if not SMALLEST_PARAMETER <= plant.theta <= LARGEST_THETA:
                yield (
                    f'theta of "{plant.name}" must be from 1e-18 to {LARGEST_THETA:g} in a run, not {plant.theta:g}.'
                )
            if float(plant.limits.max()) < SMALLEST_UNIT:
                yield f'the capacity of "{plant.name}" must be at least 1e-9 in some period of a run.'


def _too_large(what: str, amount: float) -> Iterator[str]:
    if amount > MOST_WHOLE_UNITS:
        yield f"{what} must be at most 10^9 whole units in a run, not {amount:g}."


def _built_in() -> dict[str, str]:
    folder = files("wattpost").joinpath("scenarios")
    return {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }


def names() -> dict[str, str]:
    """The built-in scenarios, each with its line of description."""
    return {name: tomllib.loads(text)["market"]["about"] for name, text in _built_in().items()}


def load(name_or_path: str | Path) -> Scenario:
    """A built-in scenario by name, or any other by the path of its TOML file."""
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and path.suffix != ".toml" and path.name == name_or_path:
        built_in = _built_in()
        if name_or_path in built_in:
            return parse(built_in[name_or_path], name=name_or_path, source=f"{name_or_path}.toml")
        hint = near(name_or_path, built_in) or _listed(built_in)
        raise ScenarioError(f'No scenario is called "{name_or_path}"{hint}')
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScenarioError(f"{path}: there is no such scenario file.") from None
    except UnicodeDecodeError:
        raise ScenarioError(f"{path}: a scenario is UTF-8 text, and this file is not.") from None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or problem
        raise ScenarioError(f"{path}: the scenario cannot be read ({reason}).") from None
    return parse(text, name=path.stem, source=path.name)


def parse(text: str, *, name: str = "scenario", source: str = "scenario") -> Scenario:
    """A scenario from the text of its file; `name` is used where the text gives none."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise ScenarioError(f"{source}: this is not valid TOML ({problem}).") from None
    top = Table(f"{source}:", document, SECTIONS)
    if "market" not in top:
        raise ScenarioError(f"{source}: the section [market] is missing.")
    market = Table(f"{source}: [market]", document["market"], MARKET_KEYS)
    periods = market.whole("periods", low=1, high=MOST_PERIODS)
    inputs: dict[str, None] = {}  # a set that keeps its order
    agents: list[Standard | Producer] = []
    forms: list[Mapping[str, Any]] = []
    for section, read in (("standard", read_standard), ("producer", read_producers)):
        groups = document.get(section, [])
        if not isinstance(groups, list):
            raise ScenarioError(f"{source}: {section} must be an array of tables, written [[{section}]].")
        for number, group in enumerate(groups, start=1):
            for agent, form in read(source, number, group, periods, inputs):
                agents.append(agent)
                forms.append(form)
    if not agents:
        raise ScenarioError(f"{source}: nobody takes part; add [[standard]] and [[producer]] sections.")
    _refuse_namesakes(source, agents)
    return Scenario(
        name=market.text("name", name),
        about=market.text("about", "no description"),
        periods=periods,
        days=market.whole("days", 10, low=1, high=100_000),
        seed=market.whole("seed", 1),
        bytecoin=market.number("bytecoin", 1000.0),
        step=market.number("step", 0.5, high=1.0, above=True),
        window=market.whole("window", 600, low=1, high=10**9),
        patience=market.whole("patience", 3600, low=1, high=10**9),
        agents=tuple(agents),
        forms=tuple(forms),
        inputs=tuple(inputs),
        verification=_verification(source, document.get("verification", {}), periods),
        text=text,
        source=source,
    )


def _refuse_namesakes(source: str, agents: list[Standard | Producer]) -> None:
    seen: set[str] = set()
    for agent in agents:
        if agent.name in seen:
            raise ScenarioError(f'{source}: two agents are called "{agent.name}"; rename one group.')
        seen.add(agent.name)


def _listed(known: Iterable[str]) -> str:
    return f"; known are {', '.join(known)}."


def _verification(source: str, section: object, periods: int) -> Verification:
    table = Table(f"{source}: [verification]", section, VERIFICATION_KEYS)
    if "layer" in table and "joules_per_gas" in table:
        raise ScenarioError(f"{table.where} takes layer or joules_per_gas, not both.")
    by_hand = table.number("joules_per_gas", above=True) if "joules_per_gas" in table else None
    profile = table.numbers("profile", periods, "period") if "profile" in table else [1.0] * periods
    if sum(profile) <= 0:
        raise ScenarioError(f"{table.where} profile must have at least one number above 0.")
    layer = table.text("layer", "proof-of-stake")
    if layer not in (known := (*LAYERS, MEASURED)):
        raise ScenarioError(f'{table.where} layer "{layer}" is not known{near(layer, known) or _listed(known)}')
    financing = table.text("financing", "purchase", choices=("purchase", "inventory"))
    for key in ("efficiency", "store"):
        if key in table and financing != "inventory":
            raise ScenarioError(f'{table.where} {key} goes with financing = "inventory".')
    if "watts_per_core" in table and layer != MEASURED:
        raise ScenarioError(f'{table.where} watts_per_core goes with layer = "measured".')
    return Verification(
        layer=None if by_hand is not None else layer,
        joules_per_gas=by_hand,
        watts_per_core=table.number("watts_per_core", WATTS_PER_CORE, high=MOST_WATTS, above=True),
        gas=table.whole("gas", 150_000, high=10**15),
        financing=financing,
        efficiency=table.number("efficiency", 1.0, high=1.0, above=True),
        store=table.number("store", high=MOST_STORED) if "store" in table else None,
        payers=table.text("payers", "all", choices=("all", "standard")),
        profile=tuple(share / sum(profile) for share in profile),
        states=read_states(source, table.values.get("state", [])),
    )
