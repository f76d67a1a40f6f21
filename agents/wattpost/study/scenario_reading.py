"""Reading one table of a scenario file: every value checked, every refusal one sentence.

A sentence names the file, the section and the key, and says what would have been right:
``homes.toml: [market] periods must be a whole number from 1 to 48, not 0.``
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final, TypeVar, cast

T = TypeVar("T")


class ScenarioError(ValueError):
    """A scenario that cannot be used, in one sentence."""


class _Required:
    """Stands for "there is no default"."""


REQUIRED: Final = _Required()


def near(word: str, known: Iterable[str]) -> str:
    """``; did you mean "periods"?`` when something known is close, else nothing."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'; did you mean "{close[0]}"?' if close else ""


def shown(value: object) -> str:
    """A value as its author wrote it, cut short: it stands inside a sentence."""
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _bounds(low: float, high: float, above: bool) -> str:
    if not math.isinf(high):
        return f" above {low:g} and at most {high:g}" if above else f" from {low:g} to {high:g}"
    return f" above {low:g}" if above else f" of at least {low:g}"


def is_number(value: object, low: float = 0.0, high: float = math.inf, above: bool = False) -> bool:
    """A finite TOML integer or float inside the bounds (`true` is not a number)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        number = float(value)
    except OverflowError:
        return False
    return math.isfinite(number) and low <= number <= high and not (above and number == low)


class Table:
    """One TOML table whose keys are known in advance."""

    def __init__(self, where: str, values: object, keys: Iterable[str]) -> None:
        if not isinstance(values, Mapping):
            raise ScenarioError(f"{where} must be a table of keys, not {shown(values)}.")
        self.where = where
        self.values = cast("Mapping[str, object]", values)
        known = tuple(keys)
        for key in self.values:
            if key not in known:
                hint = near(key, known) or f"; known here are {', '.join(known)}."
                raise ScenarioError(f'{where} has an unknown key "{key}"{hint}')

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def refuse(self, key: str, wanted: str) -> ScenarioError:
        """The sentence for a value that is there but wrong."""
        return ScenarioError(f"{self.where} {key} must be {wanted}, not {shown(self.values[key])}.")

    def _absent(self, key: str, default: T | _Required) -> T:
        if isinstance(default, _Required):
            raise ScenarioError(f"{self.where} {key} is missing.")
        return default

    def number(
        self,
        key: str,
        default: float | _Required = REQUIRED,
        *,
        low: float = 0.0,
        high: float = math.inf,
        above: bool = False,
    ) -> float:
        if key not in self.values:
            return float(self._absent(key, default))
        value = self.values[key]
        if not is_number(value, low, high, above):
            raise self.refuse(key, f"a finite number{_bounds(low, high, above)}")
        return float(cast("float", value))

    def whole(self, key: str, default: int | _Required = REQUIRED, *, low: int = 0, high: int = 2**63 - 1) -> int:
        if key not in self.values:
            return self._absent(key, default)
        value = self.values[key]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            bounds = f" from {low} to {high}" if high < 2**63 - 1 else f" of at least {low}"
            raise self.refuse(key, f"a whole number{bounds}")
        return value

    def text(self, key: str, default: str | _Required = REQUIRED, *, choices: tuple[str, ...] = ()) -> str:
        if key not in self.values:
            return self._absent(key, default)
        value = self.values[key]
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(key, "a text in quotes")
        if choices and value not in choices:
            raise self.refuse(key, " or ".join(f'"{choice}"' for choice in choices))
        return value

    def numbers(
        self,
        key: str,
        length: int,
        per: str,
        *,
        low: float = 0.0,
        high: float = math.inf,
        above: bool = False,
    ) -> list[float]:
        """A list of exactly `length` numbers; `per` says what each one stands for."""
        values = self.values[key]
        if not isinstance(values, list):
            raise self.refuse(key, f"a list of {length} numbers, one per {per}")
        if len(values) != length:
            raise ScenarioError(f"{self.where} {key} must have {length} numbers, one per {per}, not {len(values)}.")
        for place, value in enumerate(values, start=1):
            if not is_number(value, low, high, above):
                raise ScenarioError(
                    f"{self.where} {key} must hold finite numbers{_bounds(low, high, above)}; "
                    f"number {place} is {shown(value)}."
                )
        return [float(value) for value in values]

    def per_agent(self, key: str, count: int) -> list[float]:
        """A scalar for all, or a list with one number for each agent of the group."""
        if isinstance(self.values.get(key), list):
            return self.numbers(key, count, "agent")
        return [self.number(key)] * count
