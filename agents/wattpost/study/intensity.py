"""What a gas burns in a market, and how that is known: a preset, a figure by hand, or the node that is running."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wattpost.energy import LAYERS, KappaError, Measurement, kappa_of
from wattpost.study.job import Progress
from wattpost.study.scenario import Verification


@dataclass(frozen=True, slots=True)
class Intensity:
    """kappa in 10^-18 kWh per gas; `layer` is None where the figure was given by hand."""

    layer: str | None
    kappa: int
    how: str
    measured: Measurement | None = None

    def __post_init__(self) -> None:
        if self.kappa <= 0:
            raise KappaError("The energy intensity is below 10^-18 kWh per gas, the market's unit: nothing would burn.")

    def to_json(self) -> dict[str, Any]:
        stated = {"layer": self.layer, "kappa": self.kappa, "how": self.how}
        return stated | ({"measured": self.measured.to_json()} if self.measured else {})


def intensity(verification: Verification) -> Intensity:
    """What is known without measuring.

    Raises KappaError where the layer is "measured" and nobody has measured it yet.
    """
    measured = verification.measured
    if verification.layer == "measured":
        if measured is None:
            raise KappaError(
                'The layer "measured" is measured by a run, on its own node: run the scenario, then use the '
                "manifest.json of its folder in its place, or state joules_per_gas."
            )
        return Intensity("measured", measured.kappa, measured.how, measured)
    kappa = kappa_of(verification.layer, verification.joules_per_gas)
    if verification.layer is None:
        return Intensity(None, kappa, f"{verification.joules_per_gas:g} J/gas, as stated in the scenario.")
    about, central = LAYERS[verification.layer].about, LAYERS[verification.layer].central
    how = (
        f"{about}: {central.annual_kwh:,.0f} kWh a year x 3.6e6 J / {central.annual_gas:,.0f} gas a year "
        f"({central.year}) = {central.joules_per_gas:.4g} J/gas; energy: {central.source}; gas: {central.gas_from}."
    )
    return Intensity(verification.layer, kappa, how)


def intensity_on(engine: str, verification: Verification, progress: Progress) -> Intensity:
    """The same for a run on an engine, which measures where that is wanted and was not done.

    A node of the same kind is started for it and ended, so that the run's own chain is the same when it is repeated.
    """
    if verification.layer == "measured" and verification.measured is None:
        from wattpost.study.measuring import measure

        measured = measure(engine, progress, verification.watts_per_core)
        return Intensity("measured", measured.kappa, measured.how, measured)
    return intensity(verification)
