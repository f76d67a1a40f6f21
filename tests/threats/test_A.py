# ruff: noqa: N802
"""Threats, section A: inputs and phases. Each case by its number; where design.md settles a point, that stands."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from tests.harness.chain_of_submissions import shown
from tests.harness.evm import NOBODY, Reverted, role
from tests.harness.exchange import BANK, METER, REGISTRAR, STANDARD, Exchange
from tests.harness.refusal import picture, refused
from tests.harness.street import BIDS, OFFERS, PURSES, UNIT, WHOLE, Street

from wattpost.spec import pack


@pytest.fixture
def street() -> Street:
    return Street().play_until("submit")


def raw(exchange: Exchange, data: bytes, by: str, value: int = 0) -> Callable[[], object]:
    return lambda: exchange.evm.send(exchange.market.address, data, by=by, value=value)


def test_A_01__zero_bid__is_refused(street: Street) -> None:
    """REVERT (ZeroBid). design.md: zero on some posts is legal, nothing at all is not."""
    refused(street, "posts: nothing bid or offered", street.market.submit, 1, [0], [], by=street.ada)
    refused(street, "posts: nothing bid or offered", street.market.submit, 1, [0], [0], by=street.sun)
    street.submit(street.ada, [0, 0, 1])


def test_A_02__unknown_past_or_far_future_post__is_refused(street: Street) -> None:
    """REVERT (BadPost). Posts are lanes of today's words: another day, or a lane beyond the last, is no post."""
    refused(street, "calendar: another day", street.market.submit, 0, [1], [], by=street.ada)
    refused(street, "calendar: another day", street.market.submit, 2, [1], [], by=street.ada)
    refused(street, "posts: bid beyond the last post", street.market.submit, 1, [1 << 192], [], by=street.ada)


def test_A_03__window_boundaries__are_half_open(street: Street) -> None:
    """Bid at close-1 accepted, at close refused; clearing at close-1 refused, at close accepted."""
    street.after_window()
    end = street.evm.now
    street.evm.now = end - 1
    street.submit(street.ada, [1, 2, 3])
    piece = street.newest(STANDARD, 1)
    close = (1, STANDARD, piece.prior, shown(piece.links))
    refused(street, "calendar: window is open", street.market.close, *close)
    street.evm.now = end
    refused(street, "calendar: window is over", street.market.submit, 1, [1], [], by=street.ben)
    street.market.close(*close)


def test_A_04__bid_clear_bid_at_one_timestamp__refuses_the_third(street: Street) -> None:
    """bid, clear, bid in the same block -> third REVERT. Half-open windows refuse even the first that late."""
    street.submit(street.ada, [1, 2, 3])
    street.after_window()
    refused(street, "calendar: window is over", street.market.submit, 1, [1], [], by=street.ben)
    street.close()
    refused(street, "calendar: not open", street.market.submit, 1, [1], [], by=street.ben)


def test_A_05__clear_twice__is_refused(street: Street) -> None:
    """REVERT (AlreadyCleared): closing, producing and settling are each over when they are over."""
    street.submit_all()
    street.close_all()
    plants, homes = street.pieces
    turn = "calendar: not that step's turn"
    refused(street, turn, street.market.close, 1, 1, homes.prior, shown(homes.links))
    street.produce_all()
    refused(street, turn, street.market.produce, 1, 0, plants.prior, shown(plants.links))
    street.settle_all()
    refused(street, turn, street.market.settle, 1, 1, 1, homes.prior, shown(homes.links))


def test_A_06__claim_before_clear__is_refused(street: Street) -> None:
    """REVERT (NotCleared): no share of anything is known, or given, before production."""
    street.submit_all()
    piece = street.newest(STANDARD, 2)
    words, turn = shown(piece.links), "calendar: not that step's turn"
    refused(street, turn, street.market.settle, 1, 1, 1, piece.prior, words)
    street.close_all()
    refused(street, turn, street.market.settle, 1, 1, 1, piece.prior, words)


def test_A_07__claim_twice__is_refused(street: Street) -> None:
    """REVERT (NothingToClaim), balance unchanged: a piece settles once, and what was paid is withdrawn once."""
    street.submit_all()
    street.close_all()
    street.produce_all()
    street.settle(1)
    piece = street.pieces[1]
    refused(street, "posts: not that piece", street.market.settle, 1, 1, 1, piece.prior, shown(piece.links))
    street.market.withdraw(street.account(street.ada).money, by=street.ada)
    refused(street, "vault: more than is prepaid", street.market.withdraw, 1, by=street.ada)


def test_A_08__claim_for_another__pays_the_owner_only(street: Street) -> None:
    """Paid to owner only, or REVERT. design.md: anyone settles for all; nobody withdraws for another."""
    street.submit_all()
    street.close_all()
    street.produce_all()
    before = street.account(street.ada).money
    piece = street.pieces[1]
    street.market.settle(1, 1, 1, piece.prior, shown(piece.links), by=role("thief"))
    assert street.account(street.ada).money == before + 60 * UNIT
    assert street.account(role("thief")).money == 0
    refused(street, "vault: more than is prepaid", street.market.withdraw, 1, by=role("thief"))


def test_A_09__duplicates_in_a_batch__count_once_or_are_refused(street: Street) -> None:
    """Each counted once or REVERT, never double: a submission has one lane a post, and batches name each once."""
    street.submit_all()
    street.after_window()
    piece = street.newest(STANDARD, 2)
    twice = shown([piece.links[0], piece.links[0]])
    refused(street, "posts: not what was submitted", street.market.close, 1, 1, piece.prior, twice)
    street.close_all()
    street.produce_all()
    street.settle_all()
    agents = street.submitters
    readings = [int(agent, 16) | 10**6 << 160 for agent in [*agents[:3], agents[0]]]
    refused(street, "energy: metered already", street.market.meter, 1, 0, 0, readings, by=METER)


def test_A_10__wrong_lengths__are_refused(street: Street) -> None:
    """Array length mismatch, empty, 25 -> REVERT."""
    for words in ([], [1] * 2, [1] * 13):
        refused(street, "posts: wrong number of bids", street.market.submit, 1, words, [], by=street.ada)
        refused(street, "posts: wrong number of offers", street.market.submit, 1, [1], words, by=street.sun)
    refused(street, "", street.market.submit, 1, [1] * 25, [], by=street.ada)


def test_A_10__malformed_calldata__changes_nothing(street: Street) -> None:
    """ABI-malformed calldata (truncated, dirty upper bits, offsets into itself, huge length) -> no partial effects."""
    good = street.market.calldata("submit", 1, pack([1, 2, 3]), [])

    def changed(place: int, word: int) -> bytes:
        return good[: 4 + 32 * place] + word.to_bytes(32, "big") + good[36 + 32 * place :]

    wrong = [good[:cut] for cut in (1, 4, 5, 36, 68, len(good) - 33, len(good) - 1)]
    wrong += [changed(1, offset) for offset in (2**256 - 1, 2**255, 10**9)]
    wrong += [changed(3, length) for length in (2**256 - 1, 2**64, 14)]
    before = picture(street)
    for data in wrong:
        with pytest.raises(Reverted):
            street.evm.send(street.market.address, data, by=street.ada)
        assert picture(street) == before
    reason = "market: malformed call data"
    refused(street, reason, raw(street, good[:-1], street.ada))
    refused(street, reason, raw(street, good + b"\0", street.ada))
    register = street.market.calldata("register_standard", role("new"), 5)
    dirty = register[:4] + b"\x01" + register[5:]
    with pytest.raises(Reverted):
        street.evm.send(street.market.address, dirty, by=REGISTRAR)
    assert picture(street) == before


def test_A_10__padding_a_shared_call__is_refused() -> None:
    """Whatever moves the day on carries not a byte more than it needs: its gas is shared by all."""
    reason = "market: malformed call data"
    for phase, function in (
        ("open", "open"), ("close", "close"), ("produce", "produce"), ("settle", "settle"), ("meter", "meter"),
        ("meter", "end_unmetered"),
    ):  # fmt: skip
        street = Street().play_until(phase)
        if phase == "close":
            street.after_window()
        street.evm.now += street.patience if function == "end_unmetered" else 0
        piece = street.pieces[0] if street.pieces else None
        if phase == "close":
            piece = street.newest(2, 2)
        words = shown(piece.links) if piece else []
        prior = piece.prior if piece else bytes(32)
        arguments = {
            "open": (),
            "close": (1, 2, prior, words),
            "produce": (1, 0, prior, words),
            "settle": (1, 2, 0, prior, words),
            "meter": (1, 0, 0, [int(agent, 16) | 10**6 << 160 for agent in street.submitters]),
            "end_unmetered": (1, street.submitters),
        }[function]
        data = street.market.calldata(function, *arguments)
        for padding in (b"\0", b"\xff" * 32, b"\x01" * 4_000):
            refused(street, reason, raw(street, data + padding, METER))
        street.evm.send(street.market.address, data, by=METER)


def test_A_10__an_offset_into_itself__never_escrows_other_than_its_event_says(street: Street) -> None:
    """Offsets are read as the ABI says or refused; either way money, event and commitment agree."""
    good = street.market.calldata("submit", 1, pack([1, 2, 3]), [])
    for offset in range(0, 200, 8):
        fresh = Street().play_until("submit")
        data = good[:36] + offset.to_bytes(32, "big") + good[68:]
        try:
            _, events, _ = fresh.evm.send(fresh.market.address, data, by=fresh.ada)
        except Reverted:
            continue
        (event,) = [each for each in events if each.name == "Submitted"]
        lanes = sum(event.bids[0] >> (64 * lane) & (2**64 - 1) for lane in range(4))
        assert fresh.account(fresh.ada).money == (PURSES["ada"] - lanes) * UNIT


def test_A_11__unknown_selectors_and_plain_ether__are_refused(street: Street) -> None:
    """Unknown selector, plain ETH send -> revert."""
    street.evm.env.set_balance(street.ada, 10**18)
    random = Random(11)
    for data in (b"", b"\x00", *(random.randbytes(4) for _ in range(12))):
        refused(street, "", raw(street, data, street.ada))
    refused(street, "", raw(street, b"", street.ada, value=1))
    refused(street, "", raw(street, street.market.calldata("deposit", 5), street.ada, value=1))


def test_A_11__forced_ether__is_ignored_by_accounting(street: Street) -> None:
    """selfdestruct-forced ETH -> ignored by accounting."""
    street.submit_all()
    before = picture(street)
    street.evm.env.set_balance(street.market.address, 10**20)
    assert picture(street) == before
    street.finish()
    assert sum(street.account(role(name)).money for name in BIDS) + 2 * UNIT == sum(PURSES.values()) * UNIT


def test_A_12__wash_trading__conserves(street: Street) -> None:
    """CONSERVE: a producer that buys its own electricity gets its money and its kWh back, less dust."""
    street.submit(street.ada, [100, 0, 0])
    street.submit(street.sun, [30, 1_000, 0], [0, 100 * WHOLE, 0])
    street.close_all()
    street.produce_all()
    events = {each.agent: each for n in range(2) for each in street.settle(n).all("Settled")}
    assert events[street.sun].revenue == 1_000
    assert events[street.sun].energy == 100 * WHOLE
    assert street.account(street.sun).money == (PURSES["sun"] - 30) * UNIT


def test_A_13__offers_after_the_window_of_nothing_or_withdrawn__are_refused(street: Street) -> None:
    """Offer after close, offer 0, offer withdrawn after bids exist -> REVERT."""
    refused(street, "posts: nothing bid or offered", street.market.submit, 1, [0], [0], by=street.sun)
    street.submit(street.sun, [0, 0, 0], OFFERS["sun"])
    refused(street, "posts: already submitted", street.market.submit, 1, [0], [0], by=street.sun)
    street.after_window()
    refused(street, "calendar: window is over", street.market.submit, 1, [0], [1 << 64], by=street.wind)


def test_A_14__insufficient_funds__are_refused(street: Street) -> None:
    """REVERT. design.md: the market's reasons are plain words; the token names needed and have (ERC-6093)."""
    refused(street, "posts: bids above money held", street.market.submit, 1, pack([0, 0, 1_002]), [], by=street.ada)
    pauper = role("pauper")
    street.known.append(pauper)
    with pytest.raises(Reverted) as no_allowance:
        street.market.deposit(7, by=pauper)
    street.bytecoin.approve(street.market.address, 9, by=pauper)
    with pytest.raises(Reverted) as no_balance:
        street.market.deposit(7, by=pauper)
    assert no_allowance.value.data[-64:] == (0).to_bytes(32, "big") + (7).to_bytes(32, "big")
    assert no_balance.value.data[-64:] == (0).to_bytes(32, "big") + (7).to_bytes(32, "big")


def test_A_15__the_zero_address__is_refused_everywhere() -> None:
    """Address zero as recipient, bidder, token -> REVERT."""
    exchange = Exchange()
    refused(exchange, "registry: not an agent's address", exchange.market.register_standard, NOBODY, 5, by=REGISTRAR)
    refused(exchange, "", exchange.bytecoin.transfer, NOBODY, 5, by=BANK)
    with pytest.raises(Reverted) as refusal:
        evm = exchange.evm
        rules = [NOBODY, exchange.technology.address, 2, 600, 3_600, 7, REGISTRAR, METER, role("dust account")]
        evm.deploy(exchange.artifacts["Market"], *rules)
    assert refusal.value.reason == "vault: bytecoin is no contract"
