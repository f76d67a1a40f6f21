# ruff: noqa: N802
"""Threats, section A: inputs and phases. Each case by its number; where design.md settles a point, that stands."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from tests.harness.evm import NOBODY, Reverted, role
from tests.harness.exchange import BANK, METER, REGISTRAR, RELAYER, STANDARD, Exchange, raw
from tests.harness.refusal import picture, refused
from tests.harness.street import BIDS, OFFERS, PURSES, UNIT, WHOLE, Street

from wattpost.chain.showing import PADDING, show
from wattpost.chain.signed_bid import batch

ONE, NOTHING = raw([1, 0, 0]), raw([0, 0, 0])


@pytest.fixture
def street() -> Street:
    return Street().play_until("submit")


def sent(exchange: Exchange, data: bytes, by: str, value: int = 0) -> Callable[[], object]:
    return lambda: exchange.evm.send(exchange.market.address, data, by=by, value=value)


def test_A_01__zero_bid__is_refused(street: Street) -> None:
    """REVERT (ZeroBid). design.md: zero on some posts is legal, nothing at all is not."""
    refused(street, "posts: nothing bid or offered", street.market.submit, 1, 0, NOTHING, by=street.ada)
    refused(street, "posts: nothing bid or offered", street.market.submit, 1, 0, NOTHING * 2, by=street.sun)
    street.submit(street.ada, [0, 0, 1])


def test_A_02__unknown_past_or_far_future_post__is_refused(street: Street) -> None:
    """REVERT (BadPost). Posts are lanes of today's words: another day, or a lane beyond the last, is no post."""
    refused(street, "calendar: not that day", street.market.submit, 0, 0, ONE, by=street.ada)
    refused(street, "calendar: not that day", street.market.submit, 2, 0, ONE, by=street.ada)
    refused(
        street,
        "posts: bid beyond the last post",
        street.market.submit,
        1,
        0,
        (1 << 192).to_bytes(32, "big"),
        by=street.ada,
    )


def test_A_03__window_boundaries__are_half_open(street: Street) -> None:
    """Bid at close-1 accepted, at close refused; clearing at close-1 refused, at close accepted."""
    street.after_window()
    end = street.evm.now
    street.evm.now = end - 1
    street.submit(street.ada, [1, 2, 3])
    refused(street, "calendar: window is open", street.close)
    refused(street, "calendar: window is open", street.clear)
    street.evm.now = end
    refused(street, "calendar: window is over", street.market.submit, 1, 0, ONE, by=street.ben)
    refused(street, "calendar: window is over", street.relay, [street.sign(street.ben, [1, 0, 0])])
    street.clear()


def test_A_04__bid_clear_bid_at_one_timestamp__refuses_the_third(street: Street) -> None:
    """bid, clear, bid in the same block -> third REVERT. Half-open windows refuse even the first that late."""
    street.submit(street.ada, [1, 2, 3])
    street.after_window()
    refused(street, "calendar: window is over", street.market.submit, 1, 0, ONE, by=street.ben)
    street.close()
    refused(street, "calendar: not that step's turn", street.market.submit, 1, 0, ONE, by=street.ben)


def test_A_05__clear_twice__is_refused(street: Street) -> None:
    """REVERT (AlreadyCleared): closing, producing and settling are each over when they are over, and so is clearing."""
    street.submit_all()
    street.close_all()
    turn = "calendar: not that step's turn"
    piece = street.pieces[1]
    again = (1, 1, piece.prior, 2)
    refused(street, turn, street.show, "close", *again, links=piece.submissions)
    refused(street, turn, street.clear)
    street.produce_all()
    refused(street, turn, street.produce, 0)
    street.settle_all()
    refused(street, turn, street.settle, 1)
    at_once = Street().play_until("close")
    at_once.after_window()
    at_once.clear()
    refused(at_once, turn, at_once.clear)


def test_A_06__claim_before_clear__is_refused(street: Street) -> None:
    """REVERT (NotCleared): no share of anything is known, or given, before production."""
    street.submit_all()
    piece = street.newest(STANDARD, 2)
    turn, settle = "calendar: not that step's turn", (1, 1, 1, piece.prior, 2)
    refused(street, turn, street.show, "settle", *settle, links=piece.submissions)
    street.close_all()
    refused(street, turn, street.show, "settle", *settle, links=piece.submissions)


def test_A_07__claim_twice__is_refused(street: Street) -> None:
    """REVERT (NothingToClaim), balance unchanged: a piece settles once, and what was paid is withdrawn once."""
    street.submit_all()
    street.close_all()
    street.produce_all()
    street.settle(1)
    refused(street, "posts: not that piece", street.settle, 1)
    street.market.withdraw(street.account(street.ada).money, by=street.ada)
    refused(street, "vault: more than is prepaid", street.market.withdraw, UNIT, by=street.ada)


def test_A_08__claim_for_another__pays_the_owner_only(street: Street) -> None:
    """Paid to owner only, or REVERT. design.md: anyone settles for all; nobody withdraws for another."""
    street.submit_all()
    street.close_all()
    street.produce_all()
    before = street.account(street.ada).money
    piece = street.pieces[1]
    street.show("settle", 1, 1, 1, piece.prior, 2, links=piece.submissions, by=role("thief"))
    assert street.account(street.ada).money == before + 60 * UNIT
    assert street.account(role("thief")).money == 0
    refused(street, "vault: more than is prepaid", street.market.withdraw, UNIT, by=role("thief"))


def test_A_09__duplicates_in_a_batch__count_once_or_are_refused(street: Street) -> None:
    """Each counted once or REVERT, never double: a submission has one lane a post, and batches name each once."""
    street.submit_all()
    street.after_window()
    first, second = street.links[STANDARD]
    reason, prior = "posts: not what was submitted", street.heads[STANDARD][0]
    refused(street, reason, street.show, "close", 1, 1, prior, 2, links=[first, first])
    refused(street, reason, street.show, "clear", 1, 2, 2, links=[second, second, *street.links[2]])
    street.clear()
    word = street.readings({street.ada: 5})[0]
    refused(street, "energy: metered already", street.market.meter, 1, 0, 0, 0, [word, word], True, by=METER)


def test_A_10__wrong_lengths__are_refused(street: Street) -> None:
    """Array length mismatch, empty, 25 -> REVERT."""
    for words in (b"", ONE[:31], ONE + b"\1"):
        refused(street, "posts: wrong number of words", street.market.submit, 1, 0, words, by=street.ada)
    for words in (ONE * 2, ONE * 3, ONE * 25):
        refused(street, "posts: not of that kind", street.market.submit, 1, 0, words, by=street.ada)
    refused(street, "", street.market.submit, 1, 0, ONE * 30, by=street.ada)


def test_A_10__malformed_calldata__changes_nothing(street: Street) -> None:
    """ABI-malformed calldata (truncated, dirty upper bits, offsets into itself, huge length) -> no partial effects."""
    good = street.market.calldata("submit", 1, 0, raw([1, 2, 3]))

    def changed(place: int, word: int) -> bytes:
        return good[: 4 + 32 * place] + word.to_bytes(32, "big") + good[36 + 32 * place :]

    wrong = [good[:cut] for cut in (1, 4, 5, 36, 68, len(good) - 33, len(good) - 1)]
    wrong += [changed(2, offset) for offset in (2**256 - 1, 2**255, 10**9)]
    wrong += [changed(3, length) for length in (2**256 - 1, 2**64, 0, 31, 33, 64, 929)]
    before = picture(street)
    for data in wrong:
        with pytest.raises(Reverted):
            street.evm.send(street.market.address, data, by=street.ada)
        assert picture(street) == before
    reason = "market: malformed call data"
    refused(street, reason, sent(street, good[:-1], street.ada))
    refused(street, reason, sent(street, good + b"\0", street.ada))
    register = street.registry.calldata("register_standard", role("new"), 5, 0)
    dirty = register[:4] + b"\x01" + register[5:]
    with pytest.raises(Reverted):
        street.registry.send(dirty, by=REGISTRAR)
    assert picture(street) == before


@pytest.mark.parametrize(
    ("phase", "function"),
    [
        ("open", "open"),
        ("submit", "relay"),
        ("close", "clear"),
        ("close", "close"),
        ("produce", "produce"),
        ("settle", "settle"),
        ("meter", "meter"),
        ("meter", "end_unmetered"),
    ],
)
def test_A_10__padding_a_shared_call__is_refused(phase: str, function: str) -> None:
    """Whatever moves the day on, or a batch, carries not a byte more than it needs: its gas is shared by all."""
    street = Street().play_until(phase)
    if phase == "close":
        street.after_window()
    street.evm.now += street.patience if function == "end_unmetered" else 0
    piece = street.pieces[0] if street.pieces else street.newest(2, 2) if street.day else None
    calls = {
        "open": lambda: street.market.calldata("open"),
        "relay": lambda: batch([street.sign(street.ada, BIDS["ada"])]),
        "clear": lambda: show("clear", 1, 2, 2, submissions=street.all_links),
        "close": lambda: show("close", 1, 2, piece.prior, 2, submissions=piece.submissions),
        "produce": lambda: show("produce", 1, 0, piece.prior, 2, submissions=piece.submissions),
        "settle": lambda: show("settle", 1, 2, 0, piece.prior, 2, submissions=piece.submissions),
        "meter": lambda: street.market.calldata("meter", 1, 0, 0, 0, street.readings({street.ada: 5}), True),
        "end_unmetered": lambda: street.market.calldata("end_unmetered", 1),
    }
    data, by = calls[function](), RELAYER if function == "relay" else METER
    for padding in (b"\0", b"\xff" * 32, b"\x01" * 4_000):
        refused(street, "market: malformed call data", sent(street, data + padding, by))
    if data.endswith(PADDING):
        refused(street, "market: padding is not zero", sent(street, data[:-5] + b"\1" * 5, by))
    street.market.send(data, by=by)


def test_A_10__an_offset_into_itself__never_escrows_other_than_its_event_says(street: Street) -> None:
    """Offsets are read as the ABI says or refused; either way money, event and commitment agree."""
    good = street.market.calldata("submit", 1, 0, raw([1, 2, 3]))
    for offset in range(0, 200, 8):
        fresh = Street().play_until("submit")
        data = good[:68] + offset.to_bytes(32, "big") + good[100:]
        try:
            receipt = fresh.market.send(data, by=fresh.ada)
        except Reverted:
            continue
        event = receipt.only("Submitted")
        lanes = sum(event.words[0] >> (64 * lane) & (2**64 - 1) for lane in range(4))
        assert fresh.account(fresh.ada).money == (PURSES["ada"] - lanes) * UNIT


def test_A_11__unknown_selectors_and_plain_ether__are_refused(street: Street) -> None:
    """Unknown selector, plain ETH send -> revert."""
    street.evm.env.set_balance(street.ada, 10**18)
    random = Random(11)
    for data in (b"", b"\x00", *(random.randbytes(4) for _ in range(12))):
        refused(street, "", sent(street, data, street.ada))
    refused(street, "", sent(street, b"", street.ada, value=1))
    refused(street, "", sent(street, street.market.calldata("deposit", 5 * UNIT), street.ada, value=1))


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
    refused(street, "posts: nothing bid or offered", street.market.submit, 1, 0, NOTHING * 2, by=street.sun)
    street.submit(street.sun, [0, 0, 0], OFFERS["sun"])
    refused(street, "posts: already submitted", street.market.submit, 1, 0, NOTHING * 2, by=street.sun)
    street.after_window()
    refused(street, "calendar: window is over", street.market.submit, 1, 0, raw([0, 0, 0], [0, 1, 0]), by=street.wind)


def test_A_14__insufficient_funds__are_refused(street: Street) -> None:
    """REVERT. design.md: the market's reasons are plain words; the token names needed and have (ERC-6093)."""
    refused(street, "posts: bids above money held", street.market.submit, 1, 0, raw([0, 0, 1_002]), by=street.ada)
    pauper = role("pauper")
    street.known.append(pauper)
    with pytest.raises(Reverted) as no_allowance:
        street.market.deposit(7 * UNIT, by=pauper)
    street.bytecoin.approve(street.market.address, 9 * UNIT, by=pauper)
    with pytest.raises(Reverted) as no_balance:
        street.market.deposit(7 * UNIT, by=pauper)
    assert no_allowance.value.data[-64:] == (0).to_bytes(32, "big") + (7 * UNIT).to_bytes(32, "big")
    assert no_balance.value.data[-64:] == (0).to_bytes(32, "big") + (7 * UNIT).to_bytes(32, "big")


def test_A_15__the_zero_address__is_refused_everywhere() -> None:
    """Address zero as recipient, bidder, token -> REVERT."""
    exchange = Exchange()
    refused(
        exchange, "registry: not an agent's address", exchange.registry.register_standard, NOBODY, 5, 0, by=REGISTRAR
    )
    refused(exchange, "", exchange.bytecoin.transfer, NOBODY, 5, by=BANK)
    with pytest.raises(Reverted) as refusal:
        evm = exchange.evm
        registry = evm.deploy(exchange.artifacts["Registry"], 2, REGISTRAR)
        rules = [NOBODY, registry.address, 600, 3_600, 7, 0, 0, METER, role("dust account")]
        evm.deploy(exchange.artifacts["Market"], *rules)
    assert refusal.value.reason == "vault: bytecoin is no contract"
