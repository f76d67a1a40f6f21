"""Settlement layers: every division redone from its stored figures."""

from __future__ import annotations

import pytest

from wattpost.energy import LAYERS, joules_to_kappa, kappa_of

EVERY = [(layer, name) for layer in LAYERS for name in ("low", "central", "high")]


@pytest.mark.parametrize(("layer", "name"), EVERY)
def test_an_estimate__is_its_energy_over_its_gas(layer: str, name: str) -> None:
    each = LAYERS[layer].estimates[name]
    assert each.joules_per_gas == pytest.approx(each.annual_kwh * 3_600_000 / each.annual_gas, rel=1e-15)
    assert each.source and each.gas_from and 2015 <= each.year <= 2026


@pytest.mark.parametrize("layer", LAYERS)
def test_estimates__are_in_order_and_fit_the_contract(layer: str) -> None:
    low, central, high = (each.joules_per_gas for each in LAYERS[layer].estimates.values())
    assert 0 < low <= central <= high
    assert kappa_of(layer, None) == joules_to_kappa(central) > 0


def test_layers__stand_in_the_order_that_everybody_knows() -> None:
    intensity = {name: layer.joules_per_gas for name, layer in LAYERS.items()}
    assert intensity["bitcoin"] > intensity["proof-of-work"] > 5_000 * intensity["proof-of-stake"]
    assert intensity["proof-of-stake"] > intensity["consortium"]


def test_a_figure_worked_by_hand() -> None:
    # 2,601 MWh a year over 39.4 million million gas: 9.3636e12 J / 3.9406e13 gas
    assert LAYERS["proof-of-stake"].joules_per_gas == pytest.approx(0.23762, abs=1e-5)
    # 22,900,320 MWh a year over 15.1 million gas x 6,450 blocks x 365 days: 8.2441e16 J / 3.5549e13 gas
    assert LAYERS["proof-of-work"].joules_per_gas == pytest.approx(2_319.07, abs=0.01)
    # 95.5 TWh over 93.1 million transactions are 1,026 kWh each, 48.8 Wh for each of its 21,000 gas
    assert LAYERS["bitcoin"].joules_per_gas / 3_600 == pytest.approx(48.85, abs=0.01)
