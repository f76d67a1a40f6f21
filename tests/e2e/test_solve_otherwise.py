"""`wattpost solve --cartel` and `--sensitivity`: what would be otherwise, in JSON, on the screen, and refused."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import Command, sentence


def test_solve__with_a_cartel__has_its_outcome_and_who_gains(command: Command) -> None:
    done = command("solve", "solar-day", "--cartel", "solar", "--json", "-")
    found = json.loads(done.stdout)
    cartel = found["cartel"]
    members = [place for place, agent in enumerate(found["agents"]) if agent["name"].startswith("solar")]
    assert done.returncode == 0 and cartel["solved"] and cartel["members"] == members
    assert cartel["regret"] <= 1e-8
    assert len(cartel["gain_joining"]) == len(cartel["gain_leaving"]) == len(members) > 1
    assert all(gain >= 0 for gain in cartel["gain_leaving"])
    assert cartel["prices"][11] > found["prices"][11]  # noon is dearer
    assert "gain_joining" not in found


def test_solve__with_a_cartel_of_named_agents__shows_them(command: Command) -> None:
    done = command("solve", "solar-day", "--cartel", "solar-1, solar-2")
    assert done.returncode == 0
    for words in ("Cartel of solar-1, solar-2", "joining brings", "leaving brings"):
        assert words in done.stdout


def test_solve__with_a_cartel_of_all_sellers__says_that_it_has_no_best_response(command: Command) -> None:
    done = command("solve", "tiny", "--cartel", "plant", "--json", "-")
    found = json.loads(done.stdout)
    assert done.returncode == 1 and found["solved"] and not found["cartel"]["solved"]
    assert "no best response" in found["cartel"]["status"] and found["cartel"]["gain_joining"] == [None, None]


def test_solve__with_sensitivities__writes_each(command: Command) -> None:
    done = command("solve", "tiny", "--sensitivity", "theta:plant-1", "--sensitivity", "kappa", "--json", "-")
    theta, kappa = json.loads(done.stdout)["sensitivity"]
    assert [theta["parameter"], kappa["parameter"]] == ["theta:plant-1", "kappa"]
    assert max(theta["prices"]) < 0 < min(theta["totals"])  # a better plant: more of it, and cheaper
    assert kappa["welfare"] < 0 and len(kappa["utilities"]) == 5
    assert max(theta["error"], kappa["error"]) < 1e-5


@pytest.mark.parametrize(
    ("option", "value", "says"),
    [
        ("--cartel", "moon", 'no agent or group is called "moon"'),
        ("--cartel", "", 'no agent or group is called ""'),
        ("--sensitivity", "theta:moon", "no agent is called moon"),
        ("--sensitivity", "mood", "mood is no parameter"),
    ],
)
def test_solve__with_what_nobody_is_called__is_one_sentence(
    command: Command, option: str, value: str, says: str
) -> None:
    assert says in sentence(command("solve", "tiny", option, value))
