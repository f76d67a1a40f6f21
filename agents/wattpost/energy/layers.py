"""Settlement layers: how much electricity validating one gas burns.

kappa = annual energy of the network / annual gas it executed. On chain it is a whole number of 10^-18 kWh per
gas, so that a charge is an exact product.
"""

from __future__ import annotations

from dataclasses import dataclass

JOULES_PER_KWH = 3_600_000
MAX_KAPPA = 10**18  # one kWh per gas, the contract's bound


class KappaError(ValueError):
    """An energy intensity cannot be used; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One way to agree on a ledger, with the figures its intensity is computed from."""

    name: str
    about: str
    year: int
    annual_kwh: float
    annual_gas: float
    source: str

    @property
    def joules_per_gas(self) -> float:
        """
        >>> round(LAYERS["proof-of-stake"].joules_per_gas, 2)
        0.24
        """
        return self.annual_kwh * JOULES_PER_KWH / self.annual_gas


# Ethereum executed about 1.08e11 gas a day around its change of September 2022: 7,150 blocks of 15 million gas
# and a little more, the target set by EIP-1559.
_ETHEREUM_ANNUAL_GAS = 365 * 7_150 * 15.1e6

LAYERS = {
    layer.name: layer
    for layer in (
        Layer(
            name="proof-of-work",
            about="Ethereum before September 2022",
            year=2022,
            annual_kwh=21.41e9,
            annual_gas=_ETHEREUM_ANNUAL_GAS,
            source="CCRI, The Merge: Implications on the Electricity Consumption and Carbon Footprint of the "
            "Ethereum Network (2022)",
        ),
        Layer(
            name="proof-of-stake",
            about="Ethereum after September 2022",
            year=2022,
            annual_kwh=2.601e6,
            annual_gas=_ETHEREUM_ANNUAL_GAS,
            source="CCRI, The Merge: Implications on the Electricity Consumption and Carbon Footprint of the "
            "Ethereum Network (2022)",
        ),
    )
}


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
    if layer not in LAYERS:
        raise KappaError(f'There is no settlement layer "{layer}"; built in are {", ".join(LAYERS)}.')
    return joules_to_kappa(LAYERS[layer].joules_per_gas)
