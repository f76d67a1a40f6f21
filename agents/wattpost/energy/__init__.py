"""Gas to kWh: what a settlement layer burns per gas, and whose gas it was."""

from wattpost.energy.layers import (
    LAYERS,
    Estimate,
    KappaError,
    Layer,
    joules_to_kappa,
    kappa_of,
    known_layer,
    presets_to_json,
)
from wattpost.energy.measured import WATTS_PER_CORE, Measurement
from wattpost.energy.metering import Books, Reading, Use

__all__ = [
    "LAYERS",
    "WATTS_PER_CORE",
    "Books",
    "Estimate",
    "KappaError",
    "Layer",
    "Measurement",
    "Reading",
    "Use",
    "joules_to_kappa",
    "kappa_of",
    "known_layer",
    "presets_to_json",
]
