"""A scenario as an economy: what its agents burn, and what they buy for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.unit.study.test_scenario import GOOD

from wattpost.study.scenario import load
from wattpost.study.solving import economy_of


def burnt(path: Path, verification: str) -> np.ndarray:
    path.write_text(GOOD.replace("gas = 123456", f"gas = 123456\n{verification}", 1))
    return economy_of(load(str(path))).verification_kwh


def test_stores__are_filled_by_what_they_lose_as_well(tmp_path: Path) -> None:
    path = tmp_path / "street.toml"
    purchase = burnt(path, 'financing = "purchase"')
    assert np.all(purchase > 0)
    assert np.array_equal(burnt(path, 'financing = "inventory"'), purchase)
    assert np.allclose(burnt(path, 'financing = "inventory"\nefficiency = 0.8'), purchase / 0.8, rtol=1e-15)
