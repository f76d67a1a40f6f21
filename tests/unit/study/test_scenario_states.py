"""Uncertain validation in scenario files: read, refused by key, and solved for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wattpost.fleet.faults import State
from wattpost.study.scenario import Scenario, ScenarioError, load, parse
from wattpost.study.solving import economy_of


def with_states(*states: str) -> Scenario:
    text = load("tiny").text
    return parse(text + "".join(f"\n[[verification.state]]\n{each}\n" for each in states), source="tiny.toml")


def test_states__are_read_with_their_defaults() -> None:
    scenario = with_states("probability = 0.75", "probability = 0.25\ngas_multiplier = 2.0\nfailure = 0.5\nretries = 1")
    assert scenario.verification.states == (State(0.75, 1.0, 0.0, 0), State(0.25, 2.0, 0.5, 1))
    scenario.check_runnable()


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        (["probability = 0.5"], "the probabilities must sum to 1, not to 0.5."),
        (["failure = 0.5"], "[[verification.state]] 1 probability is missing."),
        (["probability = 1.5"], "1 probability must be a finite number above 0 and at most 1, not 1.5."),
        (["probability = 1.0\nfailure = 1.0"], "1 failure must be a finite number from 0 to below 1, not 1.0."),
        (["probability = 1.0\nretries = -1"], "1 retries must be a whole number from 0 to 1000, not -1."),
        (["probability = 1.0\ngas_multiplier = nan"], "must be a finite number from 0 to 1e+06, not nan."),
        (["probability = 1.0\nfailures = 0.5"], '1 has an unknown key "failures"; did you mean "failure"?'),
    ],
)  # fmt: skip
def test_a_wrong_state__is_refused_in_one_sentence(states: list[str], sentence: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        with_states(*states)
    assert sentence in str(refusal.value) and str(refusal.value).startswith("tiny.toml: ")


def test_a_table_of_states__must_be_an_array() -> None:
    with pytest.raises(ScenarioError, match=r"state must be an array of tables"):
        parse(load("tiny").text + "\n[verification.state]\nprobability = 1.0\n", source="tiny.toml")


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("gas_multiplier = 0.5", "gas_multiplier must be at least 1 in a run"),
        ("gas_multiplier = 1000.0", "gas_multiplier times gas must be at most 4,000,000 in a run"),
        ("failure = 0.5\nretries = 17", "retries must be at most 16 in a run"),
    ],
)
def test_what_cannot_happen_on_a_chain__is_solved_and_not_run(state: str, sentence: str) -> None:
    scenario = with_states(f"probability = 1.0\n{state}")
    economy_of(scenario)
    with pytest.raises(ScenarioError, match=sentence):
        scenario.check_runnable()


def test_solve__multiplies_the_gas_of_the_scenario() -> None:
    scenario = with_states("probability = 0.75", "probability = 0.25\ngas_multiplier = 2.0\nfailure = 0.5\nretries = 1")
    states = economy_of(scenario).states
    certain = economy_of(load("tiny")).states.amounts[0]
    assert states.weights.tolist() == [0.75, 0.125, 0.125]
    np.testing.assert_array_equal(states.amounts, np.multiply.outer([1.0, 2.0, 4.0], certain))


def test_states_that_change_nothing__leave_the_economy_as_it_was() -> None:
    scenario = with_states("probability = 0.5", "probability = 0.5\nfailure = 0.0\nretries = 3")
    plain = replace(scenario, verification=replace(scenario.verification, states=()))
    np.testing.assert_array_equal(economy_of(scenario).states.amounts, economy_of(plain).states.amounts)
