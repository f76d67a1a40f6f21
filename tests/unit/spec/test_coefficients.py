"""Every constant of the series in the sources, computed anew."""

from __future__ import annotations

import re
from math import factorial

import mpmath
from tests.harness.sources import sources

from wattpost.spec import fixed_point

SOURCE = sources()["modules/fixed_point.vy"]


def series(function: str) -> list[int]:
    """The coefficients as they stand in the contract, highest power first."""
    body = SOURCE.split(f"def {function}(")[1].split("@internal")[0]
    first = re.findall(r"series: uint256 = (\d+)", body)
    return [int(each) for each in first + re.findall(r"unsafe_add\((\d+), unsafe_mul\(series", body)]


def constant(name: str) -> int:
    (found,) = re.findall(rf"^{name}: constant\(uint256\) = (\d+)", SOURCE, re.MULTILINE)
    return int(found)


def test_the_logarithms_series__is_that_of_the_inverse_hyperbolic_tangent() -> None:
    assert series("_log2") == [2**127 // (2 * k + 1) for k in reversed(range(22))]


def test_the_exponentials_series__is_that_of_e() -> None:
    assert series("_exp2") == [2**127 // factorial(k) for k in reversed(range(22))]


def test_the_constants__are_floors_of_what_they_are_called() -> None:
    with mpmath.workdps(80):
        exact = {
            "ROOT_2": mpmath.floor(mpmath.sqrt(2) * 2**127),
            "TWO_OVER_LN_2": mpmath.floor(2 / mpmath.log(2) * 2**125),
            "LN_2": mpmath.floor(mpmath.log(2) * 2**127),
        }
        for name, value in exact.items():
            assert constant(name) == getattr(fixed_point, name) == int(value), name


def test_the_logarithm__is_off_by_less_than_it_says() -> None:
    with mpmath.workdps(80):
        for x in [1, 2, 3, 5, 10**9, 10**18 - 1, 10**18, 10**18 + 1, 2**127, 2**127 + 1, 2**128 - 1, 3**80]:
            exact = mpmath.log(x, 2) * 2**120
            assert abs(fixed_point.log2(x) - exact) < 2 ** (120 - 116), x


def test_the_exponential__is_off_by_less_than_it_says() -> None:
    with mpmath.workdps(80):
        for n in range(0, 2**120, 2**120 // 257):
            exact = mpmath.power(2, mpmath.mpf(n) / 2**120) * 2**127
            assert abs(fixed_point.exp2(n) - exact) < exact / 2**80, n
