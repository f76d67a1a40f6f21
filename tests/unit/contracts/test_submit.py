"""submit: bids and offers within the window, once, escrowed at once, and committed to."""

from __future__ import annotations

import pytest
from tests.harness.evm import Reverted, role
from tests.harness.exchange import METER, REGISTRAR, Exchange, raw
from tests.harness.refusal import refused
from tests.harness.street import OFFERS, PURSES, UNIT, WAD, WHOLE, Street

from wattpost.chain.showing import Shown, extend, genesis
from wattpost.spec import pack

ONE, NOTHING = raw([1, 0, 0]), raw([0, 0, 0])
ONE_OFFERED = raw([1, 0, 0], [0, 1, 0])


@pytest.fixture
def street() -> Street:
    return Street().play_until("submit")


def test_submit__of_a_standard_agent__escrows_and_commits(street: Street) -> None:
    receipt = street.submit(street.ada, [10, 50, 11])

    account = street.account(street.ada)
    assert account.money == (PURSES["ada"] - 71) * UNIT
    assert (account.day, account.submitted) == (0, True)
    event = receipt.only("Submitted")
    assert (event.day, event.agent, event.kind, event.to_store) == (1, street.ada, 1, 0)
    assert event.words == tuple(pack([10, 50, 11]))
    assert 5_000 < event.observed_gas <= receipt.gas
    link = Shown(street.ada, 1, event.words, 0, event.observed_gas)
    assert street.market.heads() == (extend(genesis(1, 1), link), genesis(1, 2))
    assert street.market.owed() == sum(PURSES.values()) * UNIT


def test_submit__of_a_producer__commits_to_bids_and_offers(street: Street) -> None:
    receipt = street.submit(street.sun, [30, 0, 13], OFFERS["sun"])

    event = receipt.only("Submitted")
    link = Shown(street.sun, 2, (*pack([30, 0, 13]), *pack(OFFERS["sun"])), 0, event.observed_gas)
    assert street.market.heads() == (genesis(1, 1), extend(genesis(1, 2), link))
    assert event.words == link.words
    assert street.account(street.sun).money == (PURSES["sun"] - 43) * UNIT


def test_submit__by_several__lengthens_each_kinds_chain(street: Street) -> None:
    street.submit_all()

    assert [int.from_bytes(head[-3:], "big") for head in street.market.heads()] == [2, 2]
    assert street.market.heads() == (street.heads[1][-1], street.heads[2][-1])


def test_submit__zero_on_some_posts__is_legal(street: Street) -> None:
    street.submit(street.ada, [0, 1, 0])
    street.submit(street.sun, [0, 0, 0], [0, 0, 1])

    assert street.account(street.ada).money == (PURSES["ada"] - 1) * UNIT
    assert street.account(street.sun).money == PURSES["sun"] * UNIT


def test_submit__of_all_the_money__is_legal(street: Street) -> None:
    street.submit(street.ada, [1, 1_000, 0])

    assert street.account(street.ada).money == 0


def test_submit__of_nothing_at_all__is_refused(street: Street) -> None:
    reason = "posts: nothing bid or offered"
    refused(street, reason, street.market.submit, 1, 0, NOTHING, by=street.ada)
    refused(street, reason, street.market.submit, 1, 0, NOTHING + NOTHING, by=street.sun)


def test_submit__for_another_day__is_refused(street: Street) -> None:
    for day in (0, 2, 2**256 - 1):
        refused(street, "calendar: not that day", street.market.submit, day, 0, ONE, by=street.ada)


def test_submit__before_the_day_opens__is_refused() -> None:
    street = Street()

    refused(street, "calendar: not that step's turn", street.market.submit, 0, 0, ONE, by=street.ada)


def test_submit__after_the_close__is_refused(street: Street) -> None:
    street.submit(street.ben, [1, 0, 0])
    street.close_all()

    refused(street, "calendar: not that step's turn", street.market.submit, 1, 0, ONE, by=street.ada)


def test_submit__in_the_last_second__is_legal_and_in_the_next_is_refused(street: Street) -> None:
    street.evm.now += street.window - 1
    street.submit(street.ada, [1, 2, 3])
    street.evm.now += 1

    refused(street, "calendar: window is over", street.market.submit, 1, 0, ONE, by=street.ben)


def test_submit__by_a_stranger__is_refused(street: Street) -> None:
    street.fund(role("stranger"), 10**18)

    for stranger in (role("stranger"), REGISTRAR, METER):
        refused(street, "posts: not of that kind", street.market.submit, 1, 0, ONE, by=stranger)


def test_submit__a_second_time__is_refused(street: Street) -> None:
    street.submit(street.ada, [1, 2, 3])
    street.submit(street.sun, [0, 0, 0], [0, 5, 7])

    refused(street, "posts: already submitted", street.market.submit, 1, 0, ONE, by=street.ada)
    refused(street, "posts: already submitted", street.market.submit, 1, 0, ONE_OFFERED, by=street.sun)


def test_submit__with_the_wrong_number_of_words__is_refused() -> None:
    exchange = Exchange(periods=4)  # two words of bids
    ada = exchange.standard("ada", 5, WAD)
    exchange.open()
    word = (1).to_bytes(32, "big")
    for words in (b"", b"\1", word, word[1:], word * 3, word * 2 + b"\1", word * 5):
        refused(exchange, "posts: wrong number of words", exchange.market.submit, 1, 0, words, by=ada)
    exchange.market.submit(1, 0, word * 2, by=ada)


def test_submit__as_the_other_kind_or_as_none__is_refused(street: Street) -> None:
    for words, agent in ((ONE_OFFERED, street.ada), (ONE, street.sun), (ONE * 3, street.ada), (ONE * 29, street.sun)):
        refused(street, "posts: not of that kind", street.market.submit, 1, 0, words, by=agent)


def test_submit__with_more_words_than_any_market_has__is_refused_unread(street: Street) -> None:
    refused(street, "", street.market.submit, 1, 0, ONE * 30, by=street.ada)


def test_submit__to_a_store__is_refused_where_there_is_none(street: Street) -> None:
    refused(street, "energy: no stores here", street.market.submit, 1, 1, ONE, by=street.ada)
    refused(street, "posts: too much to store", street.market.submit, 1, 2**64, ONE, by=street.ada)
    refused(street, "posts: too much to store", street.market.submit, 1, 2**256 - 1, ONE, by=street.ada)


@pytest.mark.parametrize(("periods", "lane"), [(1, 2), (2, 3), (24, 25), (46, 47)])
def test_submit__beyond_the_last_post__is_refused(periods: int, lane: int) -> None:
    exchange = Exchange(periods=periods)
    ada = exchange.standard("ada", 5, WAD)
    sun = exchange.producer("sun", theta=WAD, c=WAD, capacity=5, money=WAD)
    exchange.set_profile(0, [10_000] * periods)
    exchange.open()
    beyond = [0] * exchange.words
    beyond[lane // 4] = 1 << (64 * (lane % 4))
    words = b"".join(word.to_bytes(32, "big") for word in beyond)
    least = raw([1] + [0] * periods)

    refused(exchange, "posts: bid beyond the last post", exchange.market.submit, 1, 0, words, by=ada)
    refused(exchange, "posts: offer beyond the last", exchange.market.submit, 1, 0, least + words, by=sun)


def test_submit__of_more_than_is_held__is_refused(street: Street) -> None:
    for bids in ([1_002, 0, 0], [0, 0, 1_002], [334, 334, 334], [2**64 - 1] * 3):
        refused(street, "posts: bids above money held", street.market.submit, 1, 0, raw(bids), by=street.ada)


def test_submit__of_good_by_a_producer__is_refused(street: Street) -> None:
    words = raw([1, 0, 0], [1, 0, 0])
    refused(street, "posts: offer above capacity", street.market.submit, 1, 0, words, by=street.sun)


def test_submit__above_the_days_capacity__is_refused(street: Street) -> None:
    street.submit(street.wind, [1, 0, 0], [0, 64 * WHOLE, 64 * WHOLE * 9 // 10])

    reason = "posts: offer above capacity"
    for offers in ([0, 200 * WHOLE + 1, 0], [0, 0, 180 * WHOLE + 1], [0, 0, 2**64 - 1]):
        refused(street, reason, street.market.submit, 1, 0, raw([1, 0, 0], offers), by=street.sun)
    street.submit(street.sun, [1, 0, 0], [0, 200 * WHOLE, 180 * WHOLE])


def test_submit__without_a_profile__can_offer_nothing() -> None:
    street = Street()
    night = street.producer("night", theta=WAD, c=WAD, capacity=5 * WHOLE, profile=1, money=WAD)
    street.open()

    refused(street, "posts: offer above capacity", street.market.submit, 1, 0, ONE_OFFERED, by=night)
    street.submit(night, [1, 0, 0], [0, 0, 0])


def test_submit__on_a_full_day__is_refused(street: Street) -> None:
    slot = slot_of_head(street, 1)
    street.evm.set_storage(street.market, slot, street.evm.storage(street.market, slot) | (2**23 - 1))

    refused(street, "posts: day is full", street.market.submit, 1, 0, ONE, by=street.ada)
    street.submit(street.sun, [1, 0, 0], [0, 0, 0])


def slot_of_head(exchange: Exchange, kind: int) -> int:
    """Where a chain's head is kept: found by what it holds."""
    from eth_utils import keccak

    head = int.from_bytes(exchange.market.heads()[kind - 1], "big")
    places = (keccak(slot.to_bytes(32, "big") + kind.to_bytes(32, "big")) for slot in range(96))
    return next(
        place for each in places if exchange.evm.storage(exchange.market, place := int.from_bytes(each, "big")) == head
    )


def test_submit__of_a_billion_whole_units_on_every_post__is_accepted() -> None:
    exchange = Exchange(periods=2)
    exchange.set_profile(0, [10_000, 10_000])
    ada = exchange.standard("ada", 10**17, 3 * 10**27)
    sun = exchange.producer("sun", theta=WAD, c=WAD, capacity=5 * 10**17, money=3 * 10**27)
    exchange.open()

    exchange.submit(ada, [10**18] * 3)
    exchange.submit(sun, [10**18] * 3, [0, 5 * 10**17, 5 * 10**17])
    exchange.finish()

    assert exchange.account(ada).money + exchange.account(sun).money == 6 * 10**27


def test_submit__called_with_too_little_gas__changes_nothing(street: Street) -> None:
    before = street.account(street.ada)

    with pytest.raises(Reverted):
        street.market.submit(1, 0, ONE, by=street.ada, gas=9_000)

    assert street.account(street.ada) == before
    street.submit(street.ada, [1, 0, 0])


def test_submit__with_call_data_cut_or_padded__is_refused(street: Street) -> None:
    data = street.market.calldata("submit", 1, 0, ONE)

    for wrong in (data[:-1], data + b"\x07", data + bytes(32)):
        refused(
            street,
            "market: malformed call data",
            lambda wrong=wrong: street.evm.send(street.market.address, wrong, by=street.ada),
        )
