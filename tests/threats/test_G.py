# ruff: noqa: N802
"""Threats, section G: signatures and relayers. A signature is for one day, relayer, chain and market."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from tests.harness.evm import NOBODY, Receipt, key_of, role
from tests.harness.exchange import BANK, LATER, RELAYER, raw
from tests.harness.refusal import picture, refused
from tests.harness.sources import character
from tests.harness.street import BIDS, OFFERS, PURSES, UNIT, Street

from wattpost.chain.keys import CURVE_ORDER
from wattpost.chain.permit import sign_permit
from wattpost.chain.signed_bid import SignedBid, Terms, batch, signer

NONE = "bids: none can be accepted"


@pytest.fixture
def street() -> Street:
    return Street().play_until("submit")


def good(street: Street, name: str = "ben") -> SignedBid:
    """A bid that nothing speaks against, to carry the others along."""
    return street.sign(role(name), BIDS[name], OFFERS.get(name, []))


def reasons(receipt: Receipt) -> dict[int, str]:
    return {event.place: event.reason for event in receipt.all("Skipped")}


def changed(bid: SignedBid, place: int, bit: int) -> SignedBid:
    """The bid with one bit of its record the other way."""
    record = bytearray(bid.record)
    record[place] ^= 1 << bit
    words = [int.from_bytes(record[at : at + 32], "big") for at in range(64, len(record), 32)]
    terms, *amounts = words
    return replace(
        bid, words=tuple(amounts), to_store=terms & 2**64 - 1, deadline=terms >> 64, signature=bytes(record[:64])
    )


def test_G_01__a_signature_replayed__is_not_accepted_again(street: Street) -> None:
    """REVERT (NonceUsed). The day is the nonce: not twice in a batch, on a day, or on another day."""
    bid = good(street, "ada")
    street.relay([bid])
    refused(street, NONE, street.relay, [bid])
    assert reasons(street.relay([bid, good(street)])) == {0: "posts: already submitted"}
    refused(street, "posts: already submitted", street.market.submit, 1, 0, raw(BIDS["ada"]), by=street.ada)
    street.finish()
    street.open()
    refused(street, "calendar: not that day", street.relay, [bid])
    refused(street, NONE, street.relay, [replace(bid, day=2)])


@pytest.mark.parametrize("which", ["chain", "market"])
def test_G_02__a_signature_for_another_chain_or_market__is_nobodys(street: Street, which: str) -> None:
    """REVERT (BadSigner), after a fork of the chain's id too: the domain is computed anew in every call."""
    other = {"chain_id": street.chain_id + 1} if which == "chain" else {"market": role("another market")}
    bid = street.sign(street.ada, BIDS["ada"], **other)  # type: ignore[arg-type]
    refused(street, NONE, street.relay, [bid])
    assert reasons(street.relay([bid, good(street)])) == {0: "posts: not of that kind"}
    assert not street.account(street.ada).submitted


def test_G_02__a_fork_of_the_chain__takes_no_signature_from_before(street: Street) -> None:
    bid = good(street, "ada")
    street.evm.env.evm.patch.chain_id += 1
    refused(street, NONE, street.relay, [bid])
    street.relay([street.sign(street.ada, BIDS["ada"], chain_id=street.chain_id + 1)])


def test_G_03__a_high_s_twin__is_the_same_bid_and_as_good_once(street: Street) -> None:
    """only canonical accepted. Differs: EIP-2098 has no room for v, a high s does not fit beside the parity, and what a
    twin could do the day prevents: it signs the same bid for the same agent, and a day takes one."""
    bid = good(street, "ada")
    vs = int.from_bytes(bid.signature[32:], "big")
    s, parity = vs & 2**255 - 1, vs >> 255
    twin_s = CURVE_ORDER - s
    assert twin_s >= 2**255 - 2**130 and s < 2**255
    if twin_s < 2**255:  # only then can it be written down at all
        twin = replace(bid, signature=bid.signature[:32] + (twin_s | (1 - parity) << 255).to_bytes(32, "big"))
        assert signer(twin, Terms(street.chain_id, street.market.address, RELAYER)) == street.ada.lower()
    cut = replace(bid, signature=bid.signature[:32] + (twin_s & 2**255 - 1 | (1 - parity) << 255).to_bytes(32, "big"))
    street.relay([bid])
    refused(street, NONE, street.relay, [cut])
    assert street.account(street.ada).money == (PURSES["ada"] - sum(BIDS["ada"])) * UNIT


@pytest.mark.parametrize("size", [0, 63, 65, 66])
def test_G_03__a_signature_of_another_length__shifts_the_call_data_and_is_refused(street: Street, size: int) -> None:
    """64 bytes and no other: the call data must be, to the byte, what its counts say."""
    bid = good(street, "ada")
    signature = (bid.signature * 2)[:size]
    data = batch([bid]).replace(bid.signature, signature)
    refused(street, "market: malformed call data", street.market.send, data, by=RELAYER)


def test_G_04__a_signature_of_nobody__bids_for_nobody(street: Street) -> None:
    """ecrecover==0x0 with bidder 0x0 -> REVERT: the zero address can be given money by nobody and is never admitted."""
    for wrong in (bytes(64), b"\xff" * 64, CURVE_ORDER.to_bytes(32, "big") * 2, bytes(32) + b"\x01" * 32):
        bid = replace(good(street, "ada"), signature=wrong)
        refused(street, NONE, street.relay, [bid])
    receipt = street.relay([replace(good(street, "ada"), signature=bytes(64)), good(street)])
    (event,) = receipt.all("Skipped")
    assert (event.agent, event.place, event.reason) == (NOBODY, 0, "posts: not of that kind")


def test_G_05__a_deadline__is_the_last_moment_that_is_in_time(street: Street) -> None:
    """Expired -> skipped; deadline == block time accepted; the latest there is (2^192 - 1) OK."""
    now = street.evm.now
    late, just = street.sign(street.ada, [1, 0, 0], deadline=now - 1), street.sign(street.ben, [1, 0, 0], deadline=now)
    last = street.sign(street.sun, [1, 0, 0], [0, 0, 0], deadline=LATER)
    assert reasons(street.relay([late, just, last])) == {0: "bids: expired"}
    refused(street, NONE, street.relay, [late])


@pytest.mark.parametrize("name", ["ada", "sun"])
def test_G_06__every_byte_of_a_bid__is_signed(street: Street, name: str) -> None:
    """field swap: every field change breaks the signature (each byte): r, s, parity, deadline, store, bids, offers."""
    bid, random = good(street, name), Random(6)
    terms = Terms(street.chain_id, street.market.address, RELAYER)
    signed = role(name).lower()
    assert signer(bid, terms) == signed
    for place in range(len(bid.record)):
        other = changed(bid, place, random.randrange(8))
        try:
            assert signer(other, terms) != signed, place
        except ValueError:  # no signature at all
            continue
    some = [changed(bid, place, random.randrange(8)) for place in range(0, len(bid.record), 5)]
    receipt = street.relay([*some, good(street, "ben")] if name == "ada" else [good(street, "ben"), *some])
    assert len(receipt.all("Skipped")) == len(some)
    assert not street.account(role(name)).submitted


@pytest.mark.parametrize("field", ["day", "relayer", "to_store", "bids", "offers", "deadline", "kind"])
def test_G_06__a_swapped_field__makes_it_nobodys_bid(field: str) -> None:
    street = Street(efficiency=10**18, store=10**18).play_until("submit")
    bid = street.sign(street.sun, BIDS["sun"], OFFERS["sun"], to_store=5)
    bids, offers = bid.words
    swapped = {
        "day": lambda: replace(street.sign(street.sun, BIDS["sun"], OFFERS["sun"], to_store=5, day=2), day=1),
        "relayer": lambda: street.sign(street.sun, BIDS["sun"], OFFERS["sun"], to_store=5, relayer=role("other")),
        "to_store": lambda: replace(bid, to_store=6),
        "bids": lambda: replace(bid, words=(bids + 1, offers)),
        "offers": lambda: replace(bid, words=(bids, offers - (1 << 64))),
        "deadline": lambda: replace(bid, deadline=bid.deadline - 1),
        "kind": lambda: replace(bid, kind=1, words=(bids,)),
    }[field]()
    assert reasons(street.relay([swapped, good(street)] if field == "kind" else [good(street), swapped])) == {
        0 if field == "kind" else 1: "posts: not of that kind"
    }
    street.relay([bid])


def test_G_06__bids_and_offers__cannot_change_places(street: Street) -> None:
    bid = street.sign(street.sun, [0, 5, 7], [0, 5, 8])
    swapped = replace(bid, words=bid.words[::-1])
    assert reasons(street.relay([good(street), swapped])) == {1: "posts: not of that kind"}


def test_G_07__a_bid_of_ones_own__wins_over_a_later_relay(street: Street) -> None:
    """nonce gaps, out of order, cancel wins: days are nonces, in any order; who submits itself has cancelled."""
    tomorrow, today = street.sign(street.ada, [7, 0, 0], day=2), street.sign(street.ada, [5, 0, 0])
    street.submit(street.ada, [1, 0, 0])
    assert reasons(street.relay([today, good(street)])) == {0: "posts: already submitted"}
    street.finish()
    street.open()
    street.relay([tomorrow])
    assert street.account(street.ada).submitted


def test_G_08__a_bid_left_out__is_submitted_directly_at_the_same_price(street: Street) -> None:
    """relayer censors: user can submit own bid directly in the same phase, same price."""
    other = Street().play_until("submit")
    other.relay([good(other, name) for name in ("ada", "ben", "sun", "wind")])
    street.relay([good(street, name) for name in ("ben", "sun", "wind")])
    street.evm.now += street.window - 1
    street.submit(street.ada, BIDS["ada"])
    for each in (street, other):
        each.after_window()
        each.clear()
    shares = [[tuple(each.account(role(name)))[:2] for name in BIDS] for each in (street, other)]
    assert shares[0] == shares[1]


def test_G_09__what_a_relayer_did__is_read_from_the_chain(street: Street) -> None:
    """DETECT: the batch is the transaction's call data; what of it counts, and in which order, its events say."""
    names = ("ben", "ada", "wind", "sun")
    receipt = street.relay([good(street, name) for name in names])
    assert [event.agent for event in receipt.all("Submitted")] == [role(name) for name in names]
    assert [link.agent for link in street.all_links] == [role(name) for name in names]
    assert street.market.heads() == (street.heads[1][-1], street.heads[2][-1])


def test_G_10__the_same_bid_twice_in_a_batch__counts_once(street: Street) -> None:
    """2nd REVERT/skip."""
    bid = good(street, "ada")
    assert reasons(street.relay([bid, bid, bid])) == {1: "posts: already submitted", 2: "posts: already submitted"}
    assert street.account(street.ada).money == (PURSES["ada"] - sum(BIDS["ada"])) * UNIT


def test_G_11__another_relayer__cannot_use_it(street: Street) -> None:
    """substitutes recipient/fee -> bound in signature. There is neither; the relayer itself is bound."""
    bid = good(street, "ada")
    refused(street, NONE, street.relay, [bid], by=role("another relayer"))
    street.relay([bid])


def test_G_12__a_permit_used_by_somebody_else__stops_no_deposit_and_no_bid() -> None:
    """permit front-run: still succeeds if the allowance is set."""
    street = Street()
    street.bytecoin.transfer(street.ada, 7 * UNIT, by=BANK)
    deadline = street.evm.now + 9
    terms = {"chain_id": street.chain_id, "token": street.bytecoin.address, "spender": street.market.address}
    parity, r, s = sign_permit(key_of("ada"), **terms, amount=7 * UNIT, nonce=0, deadline=deadline)  # type: ignore[arg-type]
    rest = (27 + parity, r.to_bytes(32, "big"), s.to_bytes(32, "big"))
    street.bytecoin.permit(street.ada, street.market.address, 7 * UNIT, deadline, *rest, by=role("front runner"))
    street.market.deposit_with_permit(7 * UNIT, deadline, *rest, by=street.ada)
    street.open()
    street.relay([street.sign(street.ada, [PURSES["ada"] + 7, 0, 0])])
    assert street.account(street.ada).money == 0


def test_G_13__a_batch_padded_with_bad_bids__costs_a_bounded_sum_each(street: Street) -> None:
    """BOUND cost line per invalid item. Only the relayer that a bid names can carry it, so nobody else pads."""
    bad = replace(good(street, "ada"), signature=b"\x11" * 64)
    costs = []
    for count in (0, 10):
        fresh = Street().play_until("submit")
        costs.append(fresh.relay([good(fresh), *[bad] * count]).gas)
    assert (costs[1] - costs[0]) / 10 < 16_000


def test_G_14__a_wallet_that_is_a_contract__signs_nothing_and_submits_itself(street: Street) -> None:
    """ERC-1271: not supported, so REVERT (BadSigner). Nobody is called to ask for a signature."""
    wallet = street.evm.deploy(character("Wallet"), role("ada"))
    street.evm.env.set_code(street.ben, street.evm.env.get_code(wallet.address))
    before = picture(street)
    refused(street, NONE, street.relay, [replace(good(street, "ben"), signature=good(street, "ada").signature)])
    assert picture(street) == before
    data = street.market.calldata("submit", 1, 0, raw(BIDS["ben"]))
    street.evm.send(street.ben, wallet.calldata("act", street.market.address, data), by=role("ada"))
    assert street.account(street.ben).submitted


def test_G_15__a_relayer_lost__is_replaced_and_spends_nothing_twice(street: Street) -> None:
    """other relayer continues, no double spend."""
    second = role("second relayer")
    street.relay([good(street, "ada")])
    again = [street.sign(role(name), BIDS[name], OFFERS.get(name, []), relayer=second) for name in BIDS]
    receipt = street.relay(again, by=second)
    assert reasons(receipt) == {0: "posts: already submitted"}
    assert receipt.only("Relayed").args == {"day": 1, "standard": 1, "producers": 2}
    assert all(street.account(role(n)).money == (PURSES[n] - sum(BIDS[n])) * UNIT for n in BIDS)


def test_an_underfunded_agent_in_a_batch__spoils_it_for_nobody(street: Street) -> None:
    poor = street.sign(street.ada, [PURSES["ada"] + 1, 0, 0])
    assert reasons(street.relay([poor, good(street), good(street, "sun")])) == {0: "posts: bids above money held"}
    assert street.account(street.ada).money == PURSES["ada"] * UNIT
