"""deposit and deposit_with_permit: money comes in, exactly what was asked for, or nothing happens."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from tests.harness.evm import Evm, role
from tests.harness.exchange import BANK, SUPPLY, Exchange
from tests.harness.refusal import refused
from tests.harness.sources import character

UNIT = 10**9
MAX_HELD = (2**64 - 1) * UNIT
SIGNER = Account.from_key("0x" + "5a" * 32)


def permit(exchange: Exchange, value: int, deadline: int, **changes: Any) -> tuple[int, bytes, bytes]:
    """The signer's permit for the market, as any wallet would sign it."""
    message = {
        "owner": SIGNER.address,
        "spender": exchange.market.address,
        "value": value,
        "nonce": exchange.bytecoin.nonces(SIGNER.address),
        "deadline": deadline,
    } | changes
    kinds = {"owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256", "deadline": "uint256"}
    domain = {
        "name": "Bytecoin",
        "version": "1",
        "chainId": exchange.evm.env.evm.patch.chain_id,
        "verifyingContract": exchange.bytecoin.address,
    }
    types = {"Permit": [{"name": name, "type": kind} for name, kind in kinds.items()]}
    signed = SIGNER.sign_message(encode_typed_data(domain, types, message))
    return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


def buyer_with(exchange: Exchange, money: int, allowed: int) -> str:
    buyer = role("buyer")
    exchange.known.append(buyer)
    exchange.bytecoin.transfer(buyer, money, by=BANK)
    exchange.bytecoin.approve(exchange.market.address, allowed, by=buyer)
    return buyer


def test_deposit__moves_money_into_the_account() -> None:
    exchange = Exchange()
    buyer = buyer_with(exchange, 1_000_003 * UNIT, 700_001 * UNIT)

    receipt = exchange.market.deposit(600_011 * UNIT, by=buyer)

    assert exchange.account(buyer).money == 600_011 * UNIT
    assert exchange.market.owed() == 600_011 * UNIT
    assert exchange.held(exchange.market.address) == 600_011 * UNIT
    assert exchange.held(buyer) == (1_000_003 - 600_011) * UNIT
    assert exchange.bytecoin.allowance(buyer, exchange.market.address) == (700_001 - 600_011) * UNIT
    assert receipt.only("Deposited").args == {"account": buyer, "money": 600_011 * UNIT}


def test_deposit__of_nothing__is_refused() -> None:
    exchange = Exchange()
    buyer = buyer_with(exchange, 5, 5)

    refused(exchange, "vault: nothing to move", exchange.market.deposit, 0, by=buyer)


def test_deposit__of_a_part_of_a_unit__is_refused() -> None:
    exchange = Exchange()
    buyer = buyer_with(exchange, 5 * UNIT, 5 * UNIT)

    for money in (1, UNIT - 1, UNIT + 1, 2**256 - 1):
        refused(exchange, "vault: not in whole 10^-9", exchange.market.deposit, money, by=buyer)
    exchange.market.deposit(UNIT, by=buyer)


def test_deposit__fills_the_market_to_the_last_unit_and_no_further() -> None:
    exchange = Exchange()
    buyer = buyer_with(exchange, 2 * MAX_HELD, SUPPLY)
    exchange.market.deposit(MAX_HELD - 7 * UNIT, by=buyer)

    refused(exchange, "vault: market is full", exchange.market.deposit, 8 * UNIT, by=buyer)
    exchange.market.deposit(7 * UNIT, by=buyer)
    refused(exchange, "vault: market is full", exchange.market.deposit, UNIT, by=buyer)
    assert exchange.account(buyer).money == MAX_HELD


@pytest.mark.parametrize("money", [2**128, 2**255, 2**256 - MAX_HELD])
def test_deposit__of_a_monstrous_amount__is_refused(money: int) -> None:
    exchange = Exchange()
    buyer = buyer_with(exchange, 5, 2**256 - 1)

    refused(exchange, "vault: market is full", exchange.market.deposit, money // UNIT * UNIT, by=buyer)


def test_deposit__above_balance_or_allowance__is_refused_in_the_tokens_own_words() -> None:
    exchange = Exchange()
    buyer = buyer_with(exchange, 100 * UNIT, 70 * UNIT)

    refused(exchange, "", exchange.market.deposit, 71 * UNIT, by=buyer)
    exchange.bytecoin.approve(exchange.market.address, 200 * UNIT, by=buyer)
    refused(exchange, "", exchange.market.deposit, 101 * UNIT, by=buyer)


def test_deposit__into_a_token_that_says_no__is_refused() -> None:
    evm = Evm()
    exchange = Exchange(token=evm.deploy(character("Sulky"), BANK, 1_000 * UNIT, 0))
    buyer = buyer_with(exchange, 100 * UNIT, 100 * UNIT)
    exchange.bytecoin.set_mood(1)

    refused(exchange, "vault: token refused a deposit", exchange.market.deposit, 60 * UNIT, by=buyer)


def test_deposit__into_a_token_that_keeps_a_part__is_refused() -> None:
    evm = Evm()
    exchange = Exchange(token=evm.deploy(character("Sulky"), BANK, 1_000 * UNIT, 0))
    buyer = buyer_with(exchange, 100 * UNIT, 100 * UNIT)
    exchange.bytecoin.set_mood(2)

    refused(exchange, "vault: token kept a part", exchange.market.deposit, 60 * UNIT, by=buyer)


def test_deposit_with_permit__needs_no_earlier_approval() -> None:
    exchange = Exchange()
    exchange.bytecoin.transfer(SIGNER.address, 9_001 * UNIT, by=BANK)
    deadline = exchange.evm.now + 10

    receipt = exchange.market.deposit_with_permit(
        8_009 * UNIT, deadline, *permit(exchange, 8_009 * UNIT, deadline), by=SIGNER.address
    )

    assert exchange.account(SIGNER.address).money == 8_009 * UNIT
    assert exchange.bytecoin.nonces(SIGNER.address) == 1
    assert receipt.only("Deposited").args == {"account": SIGNER.address, "money": 8_009 * UNIT}


def test_deposit_with_permit__whose_signature_was_used_already__still_goes_through() -> None:
    exchange = Exchange()
    exchange.bytecoin.transfer(SIGNER.address, 9_001 * UNIT, by=BANK)
    deadline = exchange.evm.now + 10
    signature = permit(exchange, 8_009 * UNIT, deadline)
    exchange.bytecoin.permit(
        SIGNER.address, exchange.market.address, 8_009 * UNIT, deadline, *signature, by=role("front runner")
    )

    exchange.market.deposit_with_permit(8_009 * UNIT, deadline, *signature, by=SIGNER.address)

    assert exchange.account(SIGNER.address).money == 8_009 * UNIT


def test_deposit_with_permit__of_somebody_else__moves_nothing_of_theirs() -> None:
    exchange = Exchange()
    exchange.known.append(SIGNER.address)
    exchange.bytecoin.transfer(SIGNER.address, 9_001 * UNIT, by=BANK)
    deadline = exchange.evm.now + 10
    signature = permit(exchange, 8_009 * UNIT, deadline)
    thief = role("thief")

    refused(exchange, "", exchange.market.deposit_with_permit, 8_009 * UNIT, deadline, *signature, by=thief)
    refused(exchange, "vault: nothing to move", exchange.market.deposit_with_permit, 0, deadline, *signature, by=thief)
