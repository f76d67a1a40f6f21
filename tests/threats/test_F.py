# ruff: noqa: N802
"""Threats, section F: gas and griefing. Limits are those of a transaction (2^24, EIP-7825) and of call data."""

from __future__ import annotations

import re

import pytest
from tests.harness.evm import Reverted, role
from tests.harness.exchange import RELAYER, Exchange, raw
from tests.harness.refusal import picture, refused
from tests.harness.sources import sources, trio
from tests.harness.street import BIDS, UNIT, WAD, Street

from wattpost.chain.showing import MAX_PIECE, show
from wattpost.chain.signed_bid import batch
from wattpost.chain.transaction import calldata_gas

CAP = 2**24


@pytest.fixture
def street() -> Street:
    return Street().play_until("submit")


def crowd(count: int, periods: int = 2, plants: int = 0) -> Exchange:
    """Homes and plants that have all submitted."""
    exchange = Exchange(periods=periods)
    exchange.set_profile(0, [10_000] * periods)
    homes = [exchange.standard(f"home {number}", 1_000, UNIT * 10**4) for number in range(count)]
    makers = [
        exchange.producer(f"plant {number}", theta=WAD, c=7 * WAD // 10, capacity=10**9, money=UNIT * 10**4)
        for number in range(plants)
    ]
    exchange.open()
    for home in homes:
        exchange.submit(home, [3] * (periods + 1))
    for plant in makers:
        exchange.submit(plant, [3] * (periods + 1), [0] + [10**9 - 7] * periods)
    exchange.after_window()
    return exchange


def test_F_01__a_bid__costs_the_same_however_many_came_before() -> None:
    """clear gas constant (±0). Here: what a submission costs does not depend on how many there are; a piece of given
    size costs the same on a day of any size."""
    exchange = Exchange()
    homes = [exchange.standard(f"home {number}", 1_000, UNIT * 10**4) for number in range(40)]
    exchange.open()
    seen = {exchange.submit(home, [3, 1, 0]).only("Submitted").observed_gas for home in homes}
    assert len(seen) == 1
    costs = []
    for count in (32, 48):
        each = crowd(count)
        costs.append(each.close(1, 16).gas)
    assert abs(costs[0] - costs[1]) < 16 * 12 * 32  # hashes differ in their zeros, which call data prices


def test_F_02__a_piece_of_the_largest_size__fits_a_transaction_and_one_more_is_refused() -> None:
    """BOUND: batch of max size fits; size max+1 REVERT. The dearest plants there are, with 48 periods, short of inputs:
    otherwise a piece could be closed that nobody can ever produce, and the day would stand still."""
    exchange = crowd(1, periods=48, plants=16)
    receipts = [exchange.close(2), exchange.close(1), exchange.produce(0), exchange.settle(0)]
    assert len({event.fraction for event in receipts[2].all("PlantRun")} & {WAD}) == 0
    assert all(receipt.gas * MAX_PIECE / 16 < 0.95 * CAP for receipt in receipts)
    fresh = crowd(1, plants=1)
    links = [fresh.links[2][0]] * (MAX_PIECE + 1)
    refused(fresh, "posts: piece too large", fresh.show, "close", 1, 2, bytes(32), len(links), links=links)


def test_F_03__an_invalid_item_in_a_batch__is_skipped_with_an_event(street: Street) -> None:
    """whole batch reverts OR skipped with event, as documented: skipped."""
    bids = [street.sign(street.ada, [10**9, 0, 0]), street.sign(street.ben, BIDS["ben"])]
    receipt = street.relay(bids)
    assert [(event.agent, event.place) for event in receipt.all("Skipped")] == [(street.ada, 0)]
    assert street.account(street.ben).submitted


def test_F_04__spam__is_the_spammers_own_cost_and_leaves_no_storage(street: Street) -> None:
    """min bid; storage growth reported per attacker cost: strangers cannot submit, a registered agent can once a day,
    and a submission writes no slot that is not there already."""
    refused(street, "posts: not of that kind", street.market.submit, 1, 0, raw([1, 0, 0]), by=role("spammer"))
    before = picture(street)
    street.submit(street.ada, [1, 0, 0])
    fresh = [slot for slot, (one, two) in enumerate(zip(before[0], picture(street)[0], strict=True)) if not one and two]
    assert fresh == []
    refused(street, "posts: already submitted", street.market.submit, 1, 0, raw([1, 0, 0]), by=street.ada)


def test_F_05__too_little_gas_for_an_inner_call__never_succeeds_in_part() -> None:
    """63/64 gas starvation of inner call/ecrecover (CVE-2025-21607 class): no success-with-failure."""
    for gas in range(20_000, 130_000, 4_999):
        street = Street().play_until("submit")
        data = batch([street.sign(street.ada, BIDS["ada"]), street.sign(street.ben, BIDS["ben"])])
        before = picture(street)
        try:
            receipt = street.market.send(data, by=RELAYER, gas=gas)
        except Reverted:
            assert picture(street) == before
            continue
        assert receipt.only("Relayed").standard == 2, gas
        assert not receipt.all("Skipped"), gas


def test_F_05__a_plant_starved_of_gas__is_not_run_in_part() -> None:
    """The registry's powers either answer in full or the whole call is undone."""
    for gas in range(5_000, 60_000, 5_003):
        fresh = Street().play_until("produce")
        piece = fresh.pieces[0]
        before = picture(fresh)
        data = show("produce", 1, 0, piece.prior, 2, submissions=piece.submissions)
        try:
            receipt = fresh.market.send(data, gas=gas)
        except Reverted:
            assert picture(fresh) == before
            continue
        assert [event.fraction for event in receipt.all("PlantRun")] == [WAD, WAD // 2], gas


def test_F_06__no_receiver__is_ever_called() -> None:
    """returndata bomb from a malicious receiver: none called. All calls go to the token or the registry."""
    called = {
        (path, each)
        for path, text in sources().items()
        for each in re.findall(r"(?:extcall|staticcall) ([A-Za-z_.]+)", text)
    }
    known = {"BYTECOIN.transfer", "BYTECOIN.transferFrom", "BYTECOIN.balanceOf"}
    known |= {"admission.REGISTRY.bind", "admission.REGISTRY.run", "admission.REGISTRY.within_capacity", "Market"}
    assert {each for _, each in called} == known
    assert {path for path, text in sources().items() if "raw_call(" in text} == {"modules/vault.vy"}
    assert not [path for path, text in sources().items() if re.search(r"\bsend\(", text)]


def test_F_07__out_of_gas_half_way__undoes_everything_and_a_retry_works(street: Street) -> None:
    """full revert, retry works."""
    street.submit_all()
    street.after_window()
    before = picture(street)
    data = show("clear", 1, 2, 2, submissions=street.all_links)
    for gas in (20_000, 60_000, 90_000, 110_000):
        with pytest.raises(Reverted):
            street.market.send(data, gas=gas)
        assert picture(street) == before
    street.market.send(data)
    assert street.market.today().phase == 4


def test_F_08__no_call__goes_through_the_register() -> None:
    """unbounded agent-registry iteration: none on-chain. Every loop is over call data, words, lanes or periods."""
    over = set()
    for text in sources().values():
        over |= set(re.findall(r"for .*? in (?:range\()?([A-Za-z_. ]+)", text))
    assert not [each for each in over if "agents" in each or "accounts" in each]
    small, large = Exchange(), Exchange()
    for number in range(30):
        large.standard(f"other {number}", 5)
    costs = []
    for each in (small, large):
        ada = each.standard("ada", 1_000, WAD)
        each.open()
        costs.append(each.submit(ada, [1, 2, 3]).gas)
    assert costs[0] == costs[1]


def test_F_09__under_a_lower_block_limit__the_day_goes_on_in_smaller_pieces() -> None:
    """block gas limit lowered to 5 M: every user action still possible in smaller batches (I11)."""
    limit = 5_000_000
    exchange = crowd(40, plants=17)
    receipts = [exchange.close(2, 16), exchange.close(2, 1), exchange.close(1, 16), exchange.close(1, 16)]
    receipts += [exchange.close(1, 8)]
    receipts += [exchange.produce(number) for number in (0, 1)]
    receipts += [exchange.settle(number) for number in range(5)]
    words = exchange.readings(dict.fromkeys(exchange.submitters, 7))
    for number, word in enumerate(words):
        last = number == len(words) - 1
        receipts.append(exchange.market.meter(1, 5, 0, 0, [word], last, by=role("meter")))
    assert all(receipt.gas < limit for receipt in receipts)
    assert exchange.market.today().phase == 0


def test_F_10__deployments_and_batches__respect_the_cap_of_a_transaction() -> None:
    """tx gas cap 2^24 (EIP-7825) respected by deploy and batches."""
    for name, artifact in trio().items():
        code = bytes.fromhex(artifact.bytecode)
        assert 53_000 + calldata_gas(code) + 200 * artifact.size + 2 * len(code) // 32 < CAP // 2, name
    exchange = Exchange(periods=24)
    names = [exchange.standard(f"home {number}", 1_000, UNIT * 10**4) for number in range(20)]
    exchange.open()
    gas = exchange.relay([exchange.sign(name, [3] * 25) for name in names]).gas
    assert gas / 20 * 200 < CAP  # two hundred signed bids a batch
