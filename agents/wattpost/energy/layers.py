"""Settlement layers: how much electricity validating one gas burns.

kappa = annual energy of the network / annual gas it executed. Sources differ, so a layer carries low, central and high
estimates, each with the figures its division is made of; the central one is what a scenario means by the layer's name.
On chain kappa is a whole number of 10^-18 kWh per gas, so that a charge is an exact product.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

JOULES_PER_KWH = 3_600_000
MAX_KAPPA = 10**18  # one kWh per gas, the contract's bound
HOURS = 8_760  # of a year
MEASURED = "measured"  # the layer whose figure comes from the node at hand


class KappaError(ValueError):
    """An energy intensity cannot be used; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One source's figures: kWh a year, and gas a year where `gas_from` says how it was counted."""

    annual_kwh: float
    annual_gas: float
    year: int
    source: str
    gas_from: str

    @property
    def joules_per_gas(self) -> float:
        """Annual energy over annual gas.

        >>> Estimate(10.0, 3.6e7, 2022, "", "").joules_per_gas
        1.0
        """
        return self.annual_kwh * JOULES_PER_KWH / self.annual_gas


@dataclass(frozen=True, slots=True)
class Layer:
    """One way to agree on a ledger."""

    name: str
    about: str
    low: Estimate
    central: Estimate
    high: Estimate

    @property
    def estimates(self) -> dict[str, Estimate]:
        return {"low": self.low, "central": self.central, "high": self.high}

    @property
    def joules_per_gas(self) -> float:
        """The central estimate.

        >>> round(LAYERS["proof-of-stake"].joules_per_gas, 2)
        0.24
        """
        return self.central.joules_per_gas


# 15.1 million gas a block: the target that EIP-1559 steers to, and a little above it. Proof of work found a block every
# 13.4 s or so; proof of stake has one slot every 12 s, and misses a few.
_BEFORE_GAS = 15.1e6 * 6_450 * 365
_BEFORE_GAS_FROM = "15.1 million gas a block, 6,450 blocks a day"
_AFTER_GAS = 15.1e6 * 7_150 * 365
_AFTER_GAS_FROM = "15.1 million gas a block, 7,150 blocks a day"
_CCAF = "Cambridge Centre for Alternative Finance, Cambridge Blockchain Network Sustainability Index: Ethereum"
_CCRI = "Crypto Carbon Ratings Institute, The Merge: implications on the electricity consumption of Ethereum"
_DIGICONOMIST = "Digiconomist, Ethereum Energy Consumption Index"
_CBECI = "Cambridge Bitcoin Electricity Consumption Index, revision of August 2023"

_TRANSFER_GAS = 21_000  # a plain transfer on Ethereum
_BITCOIN_GAS = 93.1e6 * _TRANSFER_GAS
_BITCOIN_GAS_FROM = "the 93.1 million transactions of 2022, each counted as a transfer of 21,000 gas"


def _before(annual_kwh: float, source: str) -> Estimate:
    return Estimate(annual_kwh, _BEFORE_GAS, 2022, source, _BEFORE_GAS_FROM)


def _after(annual_kwh: float, source: str, year: int = 2022) -> Estimate:
    return Estimate(annual_kwh, _AFTER_GAS, year, source, _AFTER_GAS_FROM)


def _bitcoin(annual_kwh: float, year: int, source: str) -> Estimate:
    return Estimate(annual_kwh, _BITCOIN_GAS, year, source, _BITCOIN_GAS_FROM)


def _consortium(watts: float, gas_a_second: float) -> Estimate:
    return Estimate(
        annual_kwh=4 * watts * HOURS / 1_000,
        annual_gas=gas_a_second * 3_600 * HOURS,
        year=2022,
        source=f"assumed: four servers that draw {watts:g} W each, all year",
        gas_from=f"{gas_a_second / 1e6:g} million gas a second, all year",
    )


LAYERS = {
    layer.name: layer
    for layer in (
        Layer(
            name="proof-of-work",
            about="Ethereum before September 2022",
            low=_before(21.41e9, _CCAF),
            central=_before(22.90032e9, _CCRI),
            high=_before(77.77e9, _DIGICONOMIST),
        ),
        Layer(
            name="bitcoin",
            about="Bitcoin, a transaction expressed in gas",
            low=_bitcoin(89.0e9, 2021, _CBECI),
            central=_bitcoin(95.5e9, 2022, _CBECI),
            high=_bitcoin(105.3e9, 2022, "Cambridge Bitcoin Electricity Consumption Index, before that revision"),
        ),
        Layer(
            name="proof-of-stake",
            about="Ethereum after September 2022",
            low=_after(2.601e6, _CCRI),
            central=_after(2.601e6, _CCRI),
            high=_after(7.50e6, _CCAF, year=2023),
        ),
        Layer(
            name="consortium",
            about="four validators that vote, Byzantine fault tolerant",
            low=_consortium(watts=50.0, gas_a_second=10e6),
            central=_consortium(watts=100.0, gas_a_second=1e6),
            high=_consortium(watts=200.0, gas_a_second=0.1e6),
        ),
    )
}


def presets_to_json() -> list[dict[str, Any]]:
    """Every preset with the figures of its divisions, for a reader who redoes them."""
    return [
        {
            "name": layer.name,
            "about": layer.about,
            "kappa": joules_to_kappa(layer.joules_per_gas),
            "estimates": {
                name: asdict(each) | {"joules_per_gas": each.joules_per_gas} for name, each in layer.estimates.items()
            },
        }
        for layer in LAYERS.values()
    ]


def joules_to_kappa(joules_per_gas: float) -> int:
    """kappa in 10^-18 kWh per gas, the nearest whole number.

    Raises KappaError if it is negative, not finite, or above one kWh per gas.

    >>> joules_to_kappa(0.24)
    66666666667
    """
    if not 0 <= joules_per_gas < float("inf"):
        raise KappaError(f"joules per gas must be a number from 0 on, not {joules_per_gas}.")
    kappa = round(joules_per_gas * 1e18 / JOULES_PER_KWH)
    if kappa > MAX_KAPPA:
        raise KappaError(f"{joules_per_gas:g} joules per gas is more than the market allows, {JOULES_PER_KWH:g}.")
    return kappa


def kappa_of(layer: str | None, joules_per_gas: float | None) -> int:
    """kappa of a preset by its name, or of a figure given by hand; exactly one of them is not None."""
    if joules_per_gas is not None:
        return joules_to_kappa(joules_per_gas)
    if layer is None:
        raise KappaError("An energy intensity is the name of a settlement layer, or joules per gas.")
    if known_layer(layer) == MEASURED:
        raise KappaError(f'The layer "{MEASURED}" has no figure before a node was measured.')
    return joules_to_kappa(LAYERS[layer].joules_per_gas)


def known_layer(layer: str) -> str:
    """The name, if it is one of a preset or "measured".

    Raises KappaError, which names a near match.
    """
    known = (*LAYERS, MEASURED)
    if layer not in known:
        close = get_close_matches(layer, known, n=1, cutoff=0.6)
        hint = f'did you mean "{close[0]}"?' if close else f"there are {', '.join(known)}."
        raise KappaError(f'There is no settlement layer "{layer}"; {hint}')
    return layer
