"""Real input: the sun follows astronomy, and loads follow the published tables."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pytest

from wattpost.study.scenario_profiles import PROFILES, load_weights, solar_influx

MUNICH = {"latitude": 48.14, "longitude": 11.58, "date": "2024-06-21"}


def test_sun__in_munich_at_midsummer__rises_after_four_and_peaks_at_noon() -> None:
    influx, sentence = solar_influx("here", MUNICH, 24)
    assert (influx[:3] == 0).all() and (influx[21:] == 0).all()  # sunrise 03:58, sunset 20:03 solar time
    assert (influx[5:19] > 0.05).all()
    assert int(influx.argmax()) in (11, 12)
    assert 0.8 < influx.max() < 1.0  # some 880 W/m2 on a horizontal plane under a clear sky
    np.testing.assert_allclose(influx, influx[::-1], atol=0.02)  # solar time: mornings mirror afternoons
    assert sentence.count("48.14° N, 11.58° E on 2024-06-21") == 1


def test_sun__over_a_whole_clear_midsummer_day__is_eight_and_a_half_hours_of_full_sun() -> None:
    influx, _ = solar_influx("here", MUNICH, 24)
    assert influx.sum() == pytest.approx(8.3, abs=0.6)  # kWh/m2; Munich's clearest June days give 8 to 8.5


def test_sun__in_fewer_periods__is_the_mean_of_the_hours() -> None:
    hours, _ = solar_influx("here", MUNICH, 24)
    quarters, _ = solar_influx("here", MUNICH, 4)
    np.testing.assert_allclose(quarters, hours.reshape(4, 6).mean(axis=1), atol=1e-12)


def test_sun__in_polar_night__is_absent() -> None:
    influx, _ = solar_influx("here", {"latitude": 78.2, "longitude": 15.6, "date": "2024-12-21"}, 24)
    assert (influx == 0).all()


def test_sun__in_the_south__is_stronger_in_december() -> None:
    site = {"latitude": -33.9, "longitude": 151.2}
    summer, sentence = solar_influx("here", {**site, "date": "2024-12-21"}, 24)
    winter, _ = solar_influx("here", {**site, "date": "2024-06-21"}, 24)
    assert summer.sum() > 2 * winter.sum()
    assert "33.9° S" in sentence


def test_sun__in_clock_time__is_shifted_by_the_zone() -> None:
    clock, sentence = solar_influx("here", {**MUNICH, "timezone": "Europe/Berlin"}, 24)
    assert int(clock.argmax()) == 13  # 13:00-14:00 summer time; the sun is highest at 13:15
    assert "Europe/Berlin clock time" in sentence


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("periods", [1, 24, 48])
def test_load__of_any_profile__sums_to_one(profile: str, periods: int) -> None:
    weights, _ = load_weights("here", {"profile": profile, "date": "2024-06-21"}, periods)
    assert weights.shape == (periods,) and (weights > 0).all()
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("date", "season", "weekday"),
    [("2024-06-21", "summer", 5), ("2024-01-07", "winter", 7), ("2024-04-06", "transition", 6)],
)
def test_load__of_a_date__is_the_published_table_of_its_season_and_weekday(
    date: str, season: str, weekday: int
) -> None:
    table = files("demandlib").joinpath("bdew", "bdew_data", "selp_series.csv").read_text()
    rows = [
        row for row in csv.DictReader(table.splitlines())
        if row["period"] == season and int(row["weekday"]) == weekday
    ]  # fmt: skip
    published = np.array([float(row["h0"]) for row in rows]).reshape(24, 4).sum(axis=1)
    weights, _ = load_weights("here", {"profile": "h0", "date": date}, 24)
    np.testing.assert_allclose(weights, published / published.sum(), rtol=1e-9)


def test_load__on_the_last_day_of_a_leap_year__exists() -> None:
    weights, sentence = load_weights("here", {"profile": "h0", "date": "2024-12-31"}, 24)
    assert weights.shape == (24,) and "Tuesday 2024-12-31" in sentence
