"""Real input: the sun over a site, and what households and businesses draw, both offline.

**Solar influx** ``solar = { latitude = 48.1, longitude = 11.6, date = 2024-06-21 }``

s^t is the global irradiance on a horizontal plane under a clear sky, averaged over period t, as a
share of 1000 W/m2 (the irradiance at which plants are rated), cut off at 1. The sky is pvlib's
Ineichen-Perez model with its monthly climatology of Linke turbidity for the site. So a plant of
K kW can make at most K s^t kWh in an hour-long period, clouds left out.

**Load** ``electricity = { profile = "h0", date = 2024-06-21 }``

Weights are the BDEW standard load profile (h0 households; g0..g6 businesses; l0..l2 farms) of that
date's season and weekday, from demandlib, summed over each period and divided by the day's sum.
Public holidays are not looked up: give the date of a Sunday to have one.

**Hours and periods.** A day is 24 hours from midnight, cut into T equal periods: period 1 of 24 is
00:00-01:00. T must divide 96, for the profiles are quarter-hourly. Load profiles are in local clock
time. The sun is in *local mean solar time* (UTC + longitude/15 h), in which noon falls near 12:00
all year; with ``timezone = "Europe/Berlin"`` it is in that zone's clock time instead, at the offset
that holds at noon of the date, so a day always has 24 hours.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np

from wattpost.study.scenario_reading import ScenarioError, Table

Floats = np.ndarray[Any, np.dtype[np.float64]]
PROFILES = ("h0", "g0", "g1", "g2", "g3", "g4", "g5", "g6", "l0", "l1", "l2")
RATED_W_PER_M2 = 1000.0
QUARTERS = 96
SAMPLES = 3 * QUARTERS  # of the sun, one every five minutes


def solar_influx(where: str, given: Mapping[str, object], periods: int) -> tuple[Floats, str]:
    """s^t in [0, 1] for each period, and the sentence that says what it is."""
    table = Table(where, given, ("latitude", "longitude", "date", "timezone"))
    latitude = table.number("latitude", low=-90.0, high=90.0)
    longitude = table.number("longitude", low=-180.0, high=180.0)
    date = _date(table)
    _divides(table, periods)
    offset, clock = _clock(table, longitude, date)

    import pandas as pd
    from pvlib.location import Location

    midnight = pd.Timestamp(date, tz="UTC") - offset
    middles = (np.arange(SAMPLES) + 0.5) * 24.0 / SAMPLES
    times = pd.DatetimeIndex(midnight + pd.to_timedelta(middles, unit="h"))
    sky = Location(latitude, longitude).get_clearsky(times, model="ineichen")
    horizontal = np.nan_to_num(sky["ghi"].to_numpy(dtype=np.float64))
    influx = np.clip(horizontal / RATED_W_PER_M2, 0.0, 1.0).reshape(periods, -1).mean(axis=1)
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    site = f"{abs(latitude):g}° {north}, {abs(longitude):g}° {east}"
    return influx, (
        f"Solar influx: clear-sky horizontal irradiance (Ineichen-Perez, pvlib) at {site} on {date}, "
        f"as a share of 1000 W/m², hours in {clock}."
    )


def load_weights(where: str, given: Mapping[str, object], periods: int) -> tuple[Floats, str]:
    """Weights per period that sum to one, and the sentence that says what they are."""
    table = Table(where, given, ("profile", "date"))
    profile = table.text("profile")
    if profile not in PROFILES:
        raise table.refuse("profile", f"one of {', '.join(PROFILES)}")
    date = _date(table)
    _divides(table, periods)
    load = _year(date.year)[profile].to_numpy(dtype=np.float64)
    first = (date - datetime.date(date.year, 1, 1)).days * QUARTERS
    energy = load[first : first + QUARTERS].reshape(periods, -1).sum(axis=1)
    sentence = f"Load profile {profile}: BDEW standard load profile (demandlib), {date:%A} {date}, local time."
    return energy / energy.sum(), sentence


def _year(year: int) -> Any:
    """Every profile by quarter hour; made once per year and process, for it costs a tenth of a second."""
    if year not in _YEARS:
        from demandlib.bdew import ElecSlp

        _YEARS[year] = ElecSlp(year).slp_frame
    return _YEARS[year]


_YEARS: dict[int, Any] = {}


def _date(table: Table) -> datetime.date:
    value = table.values.get("date")
    if value is None:
        raise ScenarioError(f"{table.where} date is missing.")
    if isinstance(value, str):
        try:
            value = datetime.date.fromisoformat(value)
        except ValueError:
            raise table.refuse("date", "a date such as 2024-06-21") from None
    if isinstance(value, datetime.datetime) or not isinstance(value, datetime.date):
        raise table.refuse("date", "a date such as 2024-06-21")
    if not 1950 <= value.year <= 2100:
        raise ScenarioError(f"{table.where} date must be in the years 1950 to 2100, not {value}.")
    return value


def _divides(table: Table, periods: int) -> None:
    if QUARTERS % periods:
        raise ScenarioError(
            f"{table.where} real profiles come by the quarter hour, so [market] periods must divide 96, "
            f"which {periods} does not."
        )


def _clock(table: Table, longitude: float, date: datetime.date) -> tuple[datetime.timedelta, str]:
    if "timezone" not in table:
        return datetime.timedelta(hours=longitude / 15.0), "local mean solar time"
    from zoneinfo import ZoneInfo

    name = table.text("timezone")
    try:
        zone = ZoneInfo(name)
    except (ValueError, OSError):
        raise table.refuse("timezone", 'a zone such as "Europe/Berlin"') from None
    offset = datetime.datetime(date.year, date.month, date.day, 12, tzinfo=zone).utcoffset()
    return offset or datetime.timedelta(0), f"{name} clock time"
