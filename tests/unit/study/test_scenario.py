"""Scenario files: what they mean, and one clear sentence for whatever is wrong with them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wattpost.study.scenario import ScenarioError, load, names, parse

GOOD = """
[market]
name = "corner"
periods = 2
days = 4
seed = 9
bytecoin = 250.0

[[standard]]
name = "home"
count = 3
endowment = [7.0, 8.0, 9.5]
utility = { form = "log", electricity = [0.7, 0.3], numeraire = 0.25 }

[[producer]]
name = "sun"
count = 2
theta = 2.5
c = 0.5
capacity = 6.0
solar = [0.5, 1.0]
utility = { form = "log", electricity = 0.125, numeraire = 0.75 }

[[producer]]
name = "river"
theta = 3.0
c = 1.0
capacity = 4.0
utility = { form = "log", electricity = [0.0, 0.0], numeraire = 1.0 }

[verification]
joules_per_gas = 0.24
gas = 123456
profile = [3.0, 1.0]
"""


def refusal(text: str) -> str:
    """The sentence with which a file is refused; anything but one sentence fails here."""
    with pytest.raises(ScenarioError) as caught:
        parse(text, source="corner.toml")
    sentence = str(caught.value)
    assert sentence.startswith("corner.toml") and sentence[-1] in ".?" and "\n" not in sentence
    return sentence


def test_parse__of_a_good_file__holds_what_it_says() -> None:
    scenario = parse(GOOD, source="corner.toml")
    assert (scenario.name, scenario.periods, scenario.days, scenario.seed) == ("corner", 2, 4, 9)
    assert scenario.bytecoin == 250.0
    assert (scenario.step, scenario.window, scenario.patience) == (0.5, 600, 3600)  # the defaults
    assert [a.name for a in scenario.agents] == ["home-1", "home-2", "home-3", "sun-1", "sun-2", "river"]
    assert [a.endowment for a in scenario.standard] == [7.0, 8.0, 9.5]
    sun, _, river = scenario.producers
    assert (sun.theta, sun.c, sun.investment_cost) == (2.5, 0.5, None)
    np.testing.assert_array_equal(sun.capacity, [3.0, 6.0])  # K * s
    np.testing.assert_array_equal(river.capacity, [4.0, 4.0])  # the sun is everywhere by default
    assert scenario.verification.joules_per_gas == 0.24 and scenario.verification.layer is None
    assert scenario.verification.gas == 123456
    assert scenario.verification.profile == (0.75, 0.25)
    assert (scenario.verification.financing, scenario.verification.payers) == ("purchase", "all")


def test_parse__of_utilities__keeps_them_as_plain_numbers_too() -> None:
    scenario = parse(GOOD)
    assert scenario.forms[0] == {"form": "log", "electricity": [0.7, 0.3], "numeraire": 0.25}
    assert scenario.forms[3] == {"form": "log", "electricity": [0.125, 0.125], "numeraire": 0.75}
    assert len(scenario.forms) == len(scenario.agents)


def test_parse__of_groups_out_of_order__puts_standard_agents_first() -> None:
    market, standard, producers = GOOD.split("[[standard]]")[0], *GOOD.split("[[standard]]")[1].split("[[", 1)
    scenario = parse(market + "[[" + producers.split("[verification]")[0] + "[[standard]]" + standard)
    assert [a.name for a in scenario.agents][:3] == ["home-1", "home-2", "home-3"]


def test_parse__of_a_file__repeats_it_and_its_hash() -> None:
    scenario = parse(GOOD)
    assert scenario.text == GOOD
    assert scenario.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()
    assert parse(scenario.text).sha256 == scenario.sha256


def test_replace__of_days_and_seed__leaves_the_rest() -> None:
    changed = replace(parse(GOOD), days=2, seed=7)
    assert (changed.days, changed.seed, changed.name) == (2, 7, "corner")


MISTAKES = {
    # what is replaced, by what, and the words the sentence must hold
    "unknown section": ("[verification]", "[verificaton]", 'unknown key "verificaton"; did you mean "verif'),
    "unknown market key": ("seed = 9", "sede = 9", '[market] has an unknown key "sede"; did you mean "seed"?'),
    "far-off market key": ("seed = 9", "zzz = 9", 'unknown key "zzz"; known here are name, about'),
    "unknown agent key": ("endowment =", "endowmint =", '[[standard]] "home": has an unknown key "endowmint"'),
    "producer key on a home": ("count = 3", "theta = 3", '"home": has an unknown key "theta"'),
    "unknown verification key": ("gas = 123456", "gass = 1", '[verification] has an unknown key "gass"'),
    "no periods": ("periods = 2\n", "", "[market] periods is missing"),
    "no endowment": ("endowment = [7.0, 8.0, 9.5]\n", "", '"home": endowment is missing'),
    "no theta": ("theta = 2.5\n", "", '"sun": theta is missing'),
    "no utility": ('utility = { form = "log", electricity = 0.125, numeraire = 0.75 }', "", "utility is missing"),
    "periods zero": ("periods = 2", "periods = 0", "[market] periods must be a whole number from 1 to 48, not 0"),
    "periods 49": ("periods = 2", "periods = 49", "from 1 to 48, not 49"),
    "periods a float": ("periods = 2", "periods = 2.0", "[market] periods must be a whole number"),
    "periods true": ("periods = 2", "periods = true", "[market] periods must be a whole number"),
    "days zero": ("days = 4", "days = 0", "[market] days must be a whole number from 1"),
    "seed negative": ("seed = 9", "seed = -9", "[market] seed must be a whole number of at least 0, not -9"),
    "seed huge": ("seed = 9", "seed = 99999999999999999999", "[market] seed must be a whole number"),
    "name a number": ('name = "corner"', "name = 3", "[market] name must be a text in quotes, not 3"),
    "name empty": ('name = "home"', 'name = " "', "name must be a text in quotes"),
    "bytecoin negative": ("bytecoin = 250.0", "bytecoin = -250.0", "[market] bytecoin must be a finite number"),
    "bytecoin nan": ("bytecoin = 250.0", "bytecoin = nan", "[market] bytecoin must be a finite number"),
    "bytecoin inf": ("bytecoin = 250.0", "bytecoin = inf", "[market] bytecoin must be a finite number"),
    "bytecoin text": ("bytecoin = 250.0", 'bytecoin = "250"', "[market] bytecoin must be a finite number"),
    "bytecoin beyond floats": ("bytecoin = 250.0", f"bytecoin = 1{'0' * 400}", "[market] bytecoin must be"),
    "step zero": ("seed = 9", "step = 0.0", "[market] step must be a finite number above 0 and at most 1, not 0"),
    "step above one": ("seed = 9", "step = 1.5", "[market] step must be a finite number above 0 and at most 1"),
    "window zero": ("seed = 9", "window = 0", "[market] window must be a whole number from 1"),
    "count zero": ("count = 3", "count = 0", '"home": count must be a whole number from 1'),
    "endowment short": ("[7.0, 8.0, 9.5]", "[7.0, 8.0]", "endowment must have 3 numbers, one per agent, not 2"),
    "endowment nan": ("[7.0, 8.0, 9.5]", "[7.0, nan, 9.5]", "endowment must hold finite numbers"),
    "endowment negative": ("[7.0, 8.0, 9.5]", "[7.0, 8.0, -1.0]", "number 3 is -1.0"),
    "theta zero": ("theta = 2.5", "theta = 0.0", '"sun": theta must be a finite number above 0, not 0.0'),
    "c negative": ("c = 0.5", "c = -0.5", '"sun": c must be a finite number above 0, not -0.5'),
    "capacity negative": ("capacity = 6.0", "capacity = -6.0", '"sun": capacity must be a finite number'),
    "capacity list": ("capacity = 6.0", "capacity = [1.0]", "capacity must have 2 numbers, one per agent, not 1"),
    "solar long": ("[0.5, 1.0]", "[0.5, 1.0, 1.0]", "solar must have 2 numbers, one per period, not 3"),
    "solar above one": ("[0.5, 1.0]", "[0.5, 1.1]", "solar must hold finite numbers from 0 to 1; number 2 is 1.1"),
    "solar a number": ("[0.5, 1.0]", "0.5", "solar must be a list of 2 numbers"),
    "solar key": ("[0.5, 1.0]", "{ latitud = 1 }", 'solar: has an unknown key "latitud"; did you mean "latitude"'),
    "solar latitude": ("[0.5, 1.0]", "{ latitude = 91 }", "solar: latitude must be a finite number from -90 to 90"),
    "solar no date": ("[0.5, 1.0]", "{ latitude = 1, longitude = 1 }", "solar: date is missing"),
    "solar date": ("[0.5, 1.0]", '{ latitude = 1, longitude = 1, date = "x" }', "date must be a date such as"),
    "solar year": ("[0.5, 1.0]", "{ latitude = 1, longitude = 1, date = 0001-01-01 }", "the years 1950 to 2100"),
    "solar time": (
        "[0.5, 1.0]", "{ latitude = 1, longitude = 1, date = 2024-01-01T10:00:00 }", "date must be a date",
    ),
    "solar zone": (
        "[0.5, 1.0]",
        '{ latitude = 1, longitude = 1, date = 2024-01-01, timezone = "../x" }',
        "timezone must be a zone",
    ),
    "profile": ("[0.7, 0.3]", '{ profile = "h9", date = 2024-01-01 }', "profile must be one of h0, g0"),
    "profile date": ("[0.7, 0.3]", '{ profile = "h0" }', "utility: electricity: date is missing"),
    "profile and periods": ("[0.7, 0.3]", '{ profile = "h0", date = 2024-01-01, x = 1 }', 'unknown key "x"'),
    "weights short": ("[0.7, 0.3]", "[0.7]", '"home": utility.electricity'),
    "weights negative": ("[0.7, 0.3]", "[0.7, -0.3]", '"home": utility.electricity'),
    "weights nan": ("[0.7, 0.3]", "[0.7, nan]", '"home": utility.electricity'),
    "weights text": ("[0.7, 0.3]", '"much"', '"home": utility.electricity'),
    "form unknown": ('form = "log", electricity = [0.7', 'form = "lgo", electricity = [0.7', '"home": utility.form'),
    "utility a list": ('{ form = "log", electricity = 0.125, numeraire = 0.75 }', "[1]", "utility must be a table"),
    "investment negative": ("theta = 2.5", "theta = 2.5\ninvestment_cost = -1", "investment_cost must be"),
    "gas negative": ("gas = 123456", "gas = -1", "[verification] gas must be a whole number"),
    "layer twice": ("gas = 123456", 'layer = "x"', "takes layer or joules_per_gas, not both"),
    "layer unknown": ("joules_per_gas = 0.24", 'layer = "proof-of-steak"', 'did you mean "proof-of-stake"?'),
    "joules nan": ("joules_per_gas = 0.24", "joules_per_gas = nan", "joules_per_gas must be a finite number"),
    "joules zero": ("joules_per_gas = 0.24", "joules_per_gas = 0.0", "joules_per_gas must be a finite number above 0"),
    "joules below": ("joules_per_gas = 0.24", "joules_per_gas = -1", "joules_per_gas must be a finite number above 0"),
    "financing": ("gas = 123456", 'financing = "loan"', 'financing must be "purchase" or "inventory", not'),
    "payers": ("gas = 123456", 'payers = "nobody"', 'payers must be "all" or "standard", not'),
    "profile zero": ("[3.0, 1.0]", "[0.0, 0.0]", "[verification] profile must have at least one number above 0"),
    "namesakes": ('name = "river"', 'name = "home-2"', 'two agents are called "home-2"'),
    "not an array": ("[[standard]]", "[standard]", "must be an array of tables, written [[standard]]"),
    "bad toml": ("seed = 9", "seed = ", "this is not valid TOML"),
    "key twice": ("seed = 9", "seed = 9\nseed = 9", "this is not valid TOML"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_parse__of_a_mistake__is_one_sentence_naming_the_key(name: str) -> None:
    old, new, words = MISTAKES[name]
    assert old in GOOD
    assert words in refusal(GOOD.replace(old, new, 1))


def test_parse__of_empty_text__misses_the_market() -> None:
    assert "the section [market] is missing" in refusal("")


def test_parse__of_a_market_that_is_no_table__is_refused() -> None:
    assert "[market] must be a table of keys, not 3" in refusal("market = 3")


def test_parse__without_agents__is_refused() -> None:
    assert "nobody takes part" in refusal("[market]\nperiods = 1\n")


def test_parse__of_real_profiles_in_seven_periods__is_refused() -> None:
    text = '[market]\nperiods = 7\n[[standard]]\nendowment = 1\nutility = { form = "log", electricity = '
    assert "periods must divide 96" in refusal(text + '{ profile = "h0", date = 2024-06-21 } }')


def test_parse__of_absurd_nesting__is_refused() -> None:
    assert "this is not valid TOML" in refusal("x = " + "[" * 100_000)


def test_load__of_an_unknown_name__offers_the_nearest() -> None:
    with pytest.raises(ScenarioError, match=r'No scenario is called "solar-dya"; did you mean "solar-day"\?'):
        load("solar-dya")
    with pytest.raises(ScenarioError, match="known are congested, solar-day, street, tiny"):
        load("qqq")


def test_load__of_a_path__reads_that_file(tmp_path: Path) -> None:
    path = tmp_path / "my-town.toml"
    path.write_text(GOOD.replace('name = "corner"\n', ""))
    assert load(path).name == load(str(path)).name == "my-town"


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "there is no such scenario file"), (b"\xff\xfe", "a scenario is UTF-8 text")],
)
def test_load__of_a_file_that_cannot_be_read__says_which(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "lost.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScenarioError, match=words) as caught:
        load(path)
    assert "lost.toml" in str(caught.value)


def test_load__of_a_folder_or_nonsense__is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, "bad\0name.toml", ""):
        with pytest.raises(ScenarioError):
            load(path)


UNRUNNABLE = {
    "long run": ("theta = 2.5", "theta = 2.5\ninvestment_cost = 0.2", 'investment_cost of "sun-1"'),
    "payers": ("gas = 123456", 'payers = "standard"', 'payers = "standard" can only be solved'),
    "c": ("c = 0.5", "c = 3.1", 'c of "sun-1" must be in (0, 3] with 18 decimals in a run, not 3.1'),
    "bytecoin": ("bytecoin = 250.0", "bytecoin = 1.1e9", "[market] bytecoin must be at most 10^9 whole units"),
    "no bytecoin": ("bytecoin = 250.0", "bytecoin = 0", "[market] bytecoin must be at least 1e-9"),
    "endowment": ("[7.0, 8.0, 9.5]", "2e9", 'the endowment of "home-1" must be at most 10^9'),
    "no endowment": ("[7.0, 8.0, 9.5]", "[7.0, 0.0, 1.0]", 'the endowment of "home-2" must be at least 1e-9'),
    "theta": ("theta = 2.5", "theta = 1e12", 'theta of "sun-1" must be from 1e-18 to 7e+10'),
    "less than a unit": ("bytecoin = 250.0", "bytecoin = 1e-30", "[market] bytecoin must be at least 1e-9"),
    "capacity": ("capacity = 4.0", "capacity = 4e9", 'the capacity of "river" must be at most 10^9'),
}


def test_inventory__has_an_efficiency_and_a_store() -> None:
    plain = parse(GOOD.replace("gas = 123456", 'financing = "inventory"', 1)).verification
    assert (plain.efficiency, plain.store) == (1.0, None)
    stated = 'financing = "inventory"\nefficiency = 0.8\nstore = 2.5'
    wanted = parse(GOOD.replace("gas = 123456", stated, 1))
    wanted.check_runnable()
    assert (wanted.verification.efficiency, wanted.verification.store) == (0.8, 2.5)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("efficiency = 0.8", "efficiency goes with financing"),
        ("store = 1.0", "store goes with financing"),
        ('financing = "inventory"\nefficiency = 0', "efficiency must be"),
        ('financing = "inventory"\nefficiency = 1.1', "efficiency must be"),
        ('financing = "inventory"\nstore = -1', "store must be"),
    ],
)
def test_stores__that_make_no_sense__are_refused(keys: str, words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        parse(GOOD.replace("gas = 123456", keys, 1))


@pytest.mark.parametrize("name", ["relayer", "../../evil", "operator", "meter", "a/b", "-x", ""])
def test_names__that_could_be_other_files__are_refused(name: str) -> None:
    with pytest.raises(ScenarioError, match="name"):
        parse(GOOD.replace('name = "home"', f'name = "{name}"', 1))


@pytest.mark.parametrize("name", UNRUNNABLE)
def test_check_runnable__of_what_can_only_be_solved__is_one_sentence(name: str) -> None:
    old, new, words = UNRUNNABLE[name]
    scenario = parse(GOOD.replace(old, new, 1), source="corner.toml")  # legal in a file
    with pytest.raises(ScenarioError) as caught:
        scenario.check_runnable()
    assert words in str(caught.value) and str(caught.value).startswith("corner.toml: ")


@pytest.mark.parametrize(("section", "absent"), [("producer", "producer"), ("standard", "standard agent")])
def test_check_runnable__without_one_side__says_which(section: str, absent: str) -> None:
    parts = [part for part in GOOD.split("[[") if not part.startswith(section)]
    text = "[[".join(parts)
    if "[verification]" not in text:
        text += "[verification]\njoules_per_gas = 0.24\n"
    with pytest.raises(ScenarioError, match=f"a run needs at least one {absent}"):
        parse(text).check_runnable()


def test_names__are_the_built_in_scenarios__and_all_run() -> None:
    assert list(names()) == ["congested", "solar-day", "street", "tiny"]
    for name, line in names().items():
        scenario = load(name)
        assert scenario.name == name and scenario.about == line and "\n" not in line
        scenario.check_runnable()


def test_tiny__is_as_small_as_promised() -> None:
    tiny = load("tiny")
    assert (tiny.periods, tiny.days, len(tiny.standard), len(tiny.producers)) == (2, 3, 3, 2)


def test_solar_day__is_as_large_as_promised() -> None:
    day = load("solar-day")
    assert day.periods == 24 and len(day.standard) >= 6 and len(day.producers) >= 4
    for form in day.forms[: len(day.standard)]:
        assert form["numeraire"] == 0.0 and min(form["electricity"]) > 0  # electricity only, all day
        assert sum(form["electricity"]) == pytest.approx(1.0, abs=1e-12)
    capacity = np.array([plant.capacity for plant in day.producers])
    assert ((capacity > 0).sum(axis=0) >= 2).all()  # two or more producers on every post
    assert (capacity.min(axis=1) > 0).any() and (capacity.min(axis=1) == 0).any()  # some need no sun
    assert all(plant.c <= 1 for plant in day.producers)
    assert any("48.14° N, 11.58° E on 2024-06-21" in sentence for sentence in day.inputs)
    assert any("Load profile h0" in sentence for sentence in day.inputs)
    assert any("Load profile g" in sentence for sentence in day.inputs)
