"""Gas to kWh: what a settlement layer burns per gas, and whose gas it was."""

from wattpost.energy.layers import LAYERS, Estimate, KappaError, Layer, joules_to_kappa, kappa_of
from wattpost.energy.metering import Books, Reading, Use

__all__ = ["LAYERS", "Books", "Estimate", "KappaError", "Layer", "Reading", "Use", "joules_to_kappa", "kappa_of"]
