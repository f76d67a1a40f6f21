# ruff: noqa: N802
"""Threats, section D: token and external code. The hostile tokens are characters, in tests/characters."""

from __future__ import annotations

import pytest
from eth_account import Account
from tests.harness.evm import Evm, Reverted, role
from tests.harness.exchange import BANK, DUST, METER, REGISTRAR, Exchange, raw
from tests.harness.receipts import Node, founded_street, signer
from tests.harness.refusal import picture, refused
from tests.harness.sources import character, trio
from tests.harness.street import BIDS, OFFERS, PURSES, UNIT, WHOLE, Street

from wattpost.chain.showing import Shown, show
from wattpost.chain.signed_bid import batch
from wattpost.spec import WAD

SAYS_NO, KEEPS_A_PART, SAYS_NOTHING, SHUTS_OUT, STOPPED, ONLY_SAYS_YES = 1, 2, 3, 4, 5, 6


@pytest.fixture
def sulky() -> Exchange:
    """A market whose token has moods; the buyer has prepaid 1,000 and holds 500 more, allowed."""
    exchange = Exchange(token=Evm().deploy(character("Sulky"), BANK, 10**6 * UNIT, 18))
    buyer = role("buyer")
    exchange.fund(buyer, 1_000 * UNIT)
    exchange.bytecoin.transfer(buyer, 500 * UNIT, by=BANK)
    exchange.bytecoin.approve(exchange.market.address, 500 * UNIT, by=buyer)
    return exchange


def test_D_01__a_token_that_keeps_a_part__is_refused_at_the_door(sulky: Exchange) -> None:
    """fee-on-transfer token -> rejected or delta-accounted. Rejected."""
    sulky.bytecoin.set_mood(KEEPS_A_PART)
    refused(sulky, "vault: token kept a part", sulky.market.deposit, 100 * UNIT, by=role("buyer"))


def test_D_02__a_token_that_says_no_or_lies__is_refused(sulky: Exchange) -> None:
    """returns-false token -> REVERT; so does one that says yes and moves nothing."""
    sulky.bytecoin.set_mood(SAYS_NO)
    refused(sulky, "vault: token refused a deposit", sulky.market.deposit, 100 * UNIT, by=role("buyer"))
    refused(sulky, "vault: token refused to pay", sulky.market.withdraw, 100 * UNIT, by=role("buyer"))
    sulky.bytecoin.set_mood(ONLY_SAYS_YES)
    refused(sulky, "vault: token kept a part", sulky.market.deposit, 100 * UNIT, by=role("buyer"))


def test_D_03__a_token_that_returns_nothing__is_accepted_for_what_it_moved(sulky: Exchange) -> None:
    """missing-return token -> REVERT. Differs: what counts is the market's own balance before and after a deposit, so
    a token that moves all and merely says nothing is safe to take, and paying out reverts or pays."""
    sulky.bytecoin.set_mood(SAYS_NOTHING)
    sulky.market.deposit(100 * UNIT, by=role("buyer"))
    sulky.market.withdraw(50 * UNIT, by=role("buyer"))
    assert sulky.account(role("buyer")).money == 1_050 * UNIT
    assert sulky.held(sulky.market.address) == sulky.market.owed() == 1_050 * UNIT


@pytest.mark.parametrize(
    "function",
    [
        "open",
        "deposit",
        "withdraw",
        "submit",
        "relay",
        "clear",
        "close",
        "produce",
        "settle",
        "meter",
        "end_unmetered",
    ],
)
def test_D_04__a_token_that_calls_back__is_locked_out(function: str) -> None:
    """REVERT (reentrancy): whatever would be legal at that moment is refused in the middle of a transfer."""
    exchange = Exchange(token=Evm().deploy(character("Meddler"), BANK, 10**30), patience=1)
    token, market = exchange.bytecoin, exchange.market
    home = exchange.standard("home", 5 * WHOLE, WAD)
    token.transfer(token.address, WAD, by=BANK)
    token.act(market.address, market.calldata("deposit", 10**12))  # the token itself is an agent, with money
    exchange.registry.register_standard(token.address, 7, 0, by=REGISTRAR)
    phases = {
        "submit": 1,
        "relay": 1,
        "clear": 2,
        "close": 2,
        "produce": 3,
        "settle": 4,
        "meter": 5,
        "end_unmetered": 5,
    }
    steps = [exchange.open, lambda: exchange.submit(home, [5, 7, 0]), exchange.close_all, exchange.produce_all]
    steps.append(exchange.settle_all)
    for step in steps[: phases.get(function, 0)]:
        step()
    if function in ("clear", "close"):
        exchange.after_window()
    exchange.evm.now += 2 * (function == "end_unmetered")
    piece = exchange.pieces[0] if exchange.pieces else exchange.newest(1, 1) if exchange.all_links else None
    links = piece.submissions if piece else ()
    prior = piece.prior if piece else bytes(32)
    calls = {
        "open": lambda: market.calldata("open"),
        "deposit": lambda: market.calldata("deposit", 5 * UNIT),
        "withdraw": lambda: market.calldata("withdraw", 5 * UNIT),
        "submit": lambda: market.calldata("submit", 1, 0, raw([1, 0, 0])),
        "relay": lambda: batch([exchange.sign(home, [1, 0, 0], relayer=token.address)]),
        "clear": lambda: show("clear", 1, 1, 0, submissions=links),
        "close": lambda: show("close", 1, 1, prior, 1, submissions=links),
        "produce": lambda: show("produce", 1, 0, bytes(32), 0, submissions=[]),
        "settle": lambda: show("settle", 1, 1, 0, prior, 1, submissions=links),
        "meter": lambda: market.calldata("meter", 1, 0, 0, 0, [], True),
        "end_unmetered": lambda: market.calldata("end_unmetered", 1),
    }
    data = calls[function]()
    token.meddle(market.address, data)
    before = market.today() if function != "deposit" else None

    market.withdraw(7 * UNIT, by=home)

    assert token.calls() == 1
    assert token.let_in() is False
    assert before is None or market.today() == before
    assert exchange.held(market.address) == market.owed()
    token.meddle("0x" + 40 * "0", b"")
    if function not in ("meter", "relay"):  # and outside the transfer the very same call is legal
        token.act(market.address, data)


def test_D_04__a_registry_that_is_called_back__asks_the_market_and_is_locked_out() -> None:
    """The registry reads the market's calendar, and that does not answer in the middle of a transfer."""
    exchange = Exchange(token=Evm().deploy(character("Meddler"), BANK, 10**30))
    home = exchange.standard("home", 5 * WHOLE, WAD)
    exchange.registry.offer_registrar(exchange.bytecoin.address, by=REGISTRAR)
    exchange.bytecoin.act(exchange.registry.address, exchange.registry.calldata("accept_registrar"))
    data = exchange.registry.calldata("register_standard", role("new"), 5, 0)
    exchange.bytecoin.meddle(exchange.registry.address, data)
    exchange.market.withdraw(7 * UNIT, by=home)
    assert exchange.bytecoin.let_in() is False
    assert exchange.registry.endowment_of(role("new")) == 0


@pytest.mark.parametrize("view", ["today", "owed", "heads", "rules", "account_of", "balance_of"])
def test_D_04__views_in_the_middle_of_a_transfer__are_refused_or_right(view: str) -> None:
    """read-only getters consistent: those that a transfer could catch half-way do not answer."""
    exchange = Exchange(token=Evm().deploy(character("Meddler"), BANK, 10**30))
    home = exchange.standard("home", 5 * WHOLE, WAD)
    arguments = (home,) if view.endswith("_of") else ()
    exchange.bytecoin.meddle(exchange.market.address, exchange.market.calldata(view, *arguments))
    exchange.market.withdraw(7 * UNIT, by=home)
    assert exchange.bytecoin.let_in() is False


def test_D_05__who_is_shut_out__holds_up_nobody_but_itself(sulky: Exchange) -> None:
    """only that claim fails; credit path available: money stays in the account and can still be bid."""
    sulky.fund(role("other"), 300 * UNIT)
    sulky.bytecoin.shut(role("buyer"))
    sulky.bytecoin.set_mood(SHUTS_OUT)
    refused(sulky, "sulky: not you", sulky.market.withdraw, 10 * UNIT, by=role("buyer"))
    sulky.market.withdraw(300 * UNIT, by=role("other"))
    assert sulky.account(role("buyer")).money == 1_000 * UNIT


def test_D_06__a_paused_token__stops_no_day_and_everything_resumes() -> None:
    """everything resumes: a day needs no transfer at all."""
    exchange = Exchange(token=Evm().deploy(character("Sulky"), BANK, 10**30, 18))
    home = exchange.standard("home", 5 * WHOLE, 100 * UNIT)
    exchange.bytecoin.set_mood(STOPPED)
    exchange.open()
    exchange.submit(home, [0, 60, 0])
    exchange.finish()
    refused(exchange, "sulky: stopped", exchange.market.withdraw, 100 * UNIT, by=home)
    exchange.bytecoin.set_mood(0)
    exchange.market.withdraw(100 * UNIT, by=home)
    assert exchange.held(home) == 100 * UNIT


def test_D_07__old_and_new_allowance__are_never_both_usable_through_the_market() -> None:
    """approve race: only the owner's own deposit spends its allowance, so there is nobody to race."""
    exchange = Exchange()
    owner, thief = role("owner"), role("thief")
    exchange.known += [owner, thief]
    exchange.bytecoin.transfer(owner, 1_000 * UNIT, by=BANK)
    exchange.bytecoin.approve(exchange.market.address, 300 * UNIT, by=owner)
    with pytest.raises(Reverted):
        exchange.market.deposit(300 * UNIT, by=thief)
    exchange.bytecoin.approve(exchange.market.address, 200 * UNIT, by=owner)
    exchange.market.deposit(200 * UNIT, by=owner)
    with pytest.raises(Reverted):
        exchange.market.deposit(UNIT, by=owner)
    assert exchange.held(owner) == 800 * UNIT


def test_D_08__an_endless_approval__is_pulled_by_its_owner_alone() -> None:
    """market can pull only msg.sender's or signed amounts (all functions: third-party balance never falls, I9)."""
    street = Street()
    rich = role("rich")
    street.known.append(rich)
    street.bytecoin.transfer(rich, 10**24, by=BANK)
    street.bytecoin.approve(street.market.address, 2**256 - 1, by=rich)
    thief = role("thief")
    signature = (27, bytes(31) + b"\x05", bytes(31) + b"\x06")
    link = Shown(rich, 1, (1,))
    market = {
        "deposit": (5 * UNIT,),
        "deposit_with_permit": (5 * UNIT, 2**255, *signature),
        "withdraw": (5 * UNIT,),
        "open": (),
        "submit": (1, 0, raw([1, 0, 0])),
        "admit": (rich, 5, False, 0),
        "meter": (1, 0, 0, 0, [1 << 236], True),
        "end_unmetered": (1,),
    }
    registry = {
        "register_standard": (rich, 5, 0),
        "register_producer": (rich, WAD, WAD, 5, 0, 0),
        "set_profile": (0, [1, 0, 0]),
        "offer_registrar": (thief,),
        "accept_registrar": (),
        "bind": (),
    }
    shown = {
        "relay": batch([street.sign(street.ada, [1, 0, 0], day=1)]),
        "clear": show("clear", 1, 1, 0, submissions=[link]),
        "close": show("close", 1, 1, bytes(32), 1, submissions=[link]),
        "produce": show("produce", 1, 0, bytes(32), 1, submissions=[Shown(rich, 2, (1, 1))]),
        "settle": show("settle", 1, 1, 0, bytes(32), 1, submissions=[link]),
    }
    attempts = [(street.market, street.market.calldata(name, *given)) for name, given in market.items()]
    attempts += [(street.registry, street.registry.calldata(name, *given)) for name, given in registry.items()]
    attempts += [(street.market, data) for data in shown.values()]
    for contract, names in ((street.market, {*market, *shown}), (street.registry, {*registry})):
        assert names == {n for n, entry in contract.functions.items() if entry["stateMutability"] == "nonpayable"}
    for by in (thief, street.ada, REGISTRAR, METER):
        for contract, data in attempts:
            try:
                contract.send(data, by=by)
            except Reverted:
                continue
            finally:
                assert street.held(rich) == 10**24
                assert street.account(rich).money == 0


def test_D_09__nobody__can_mint_or_burn() -> None:
    """only named minter, supply schedule event-audited: there is none after the first block."""
    bytecoin = Evm().deploy(trio()["Bytecoin"], BANK, 1_009)
    changing = {name for name, entry in bytecoin.functions.items() if entry["stateMutability"] == "nonpayable"}
    assert changing == {"transfer", "transferFrom", "approve", "permit"}
    bytecoin.transfer(role("a"), 400, by=BANK)
    bytecoin.transfer(role("b"), 100, by=role("a"))
    assert sum(bytecoin.balanceOf(owner) for owner in (BANK, role("a"), role("b"))) == bytecoin.totalSupply() == 1_009


def test_D_10__transfers_to_oneself_to_the_token_and_to_the_market() -> None:
    """self-transfer -> balance unchanged; to token itself -> REVERT; direct to market -> C-08."""
    street = Street()
    street.bytecoin.transfer(BANK, 7, by=BANK)
    before = picture(street)
    with pytest.raises(Reverted):
        street.bytecoin.transfer(street.bytecoin.address, 7, by=BANK)
    assert picture(street) == before
    street.bytecoin.transfer(street.market.address, 7, by=BANK)
    assert street.market.owed() + 7 == street.held(street.market.address)


def test_D_11__a_contract_wallet__trades_like_a_plain_account() -> None:
    """same result as plain EOA, CONSERVE; never an isContract branch. No code when registered, code when bidding."""
    outcomes = []
    for is_contract in (False, True):
        street = Street()
        if is_contract:  # ben's address gets code only now, after it was registered and funded
            wallet = street.evm.deploy(character("Wallet"), role("owner"))
            street.evm.env.set_code(street.ben, street.evm.env.get_code(wallet.address))
        street.open()
        street.submit(street.ada, BIDS["ada"])
        if is_contract:
            data = street.market.calldata("submit", 1, 0, raw(BIDS["ben"]))
            street.evm.send(street.ben, wallet.calldata("act", street.market.address, data), by=role("owner"))
        else:
            street.submit(street.ben, BIDS["ben"])
        for name in ("sun", "wind"):
            street.submit(role(name), BIDS[name], OFFERS[name])
        street.close_all()
        street.produce_all()
        street.settle_all()
        outcomes.append([tuple(street.account(role(name)))[:2] for name in BIDS] + [street.account(DUST).money])
    assert outcomes[0] == outcomes[1]


def test_D_11__a_delegated_account__trades_like_a_plain_one() -> None:
    """EIP-7702: an account that signed its code over to a wallet bids, directly and through that code."""
    with Node() as node:
        bytecoin, market = founded_street(node)
        wallet = node.deploy(character("Wallet"), [signer("ada").address])
        ada, ben = signer("ada"), signer("ben")
        for account in (ada, ben):
            authorization = Account.sign_authorization(
                {"chainId": node.engine.chain_id, "address": wallet.address, "nonce": node.nonces[account.address]},
                account.key,
            )
            node.run(signer("carrier"), account.address, b"", authorizationList=[authorization])
            node.nonces[account.address] += 1
            assert node.engine.rpc.code(account.address)[:3] == bytes.fromhex("ef0100")
        node.run(signer("anyone"), market.address, market.calldata("open"))
        data = {name: market.calldata("submit", 1, 0, raw(BIDS[name])) for name in ("ada", "ben")}
        node.run(ada, ada.address, wallet.calldata("act", market.address, data["ada"]))
        node.run(ben, market.address, data["ben"])
        for name in ("ada", "ben"):
            account = node.view(market, "account_of", signer(name).address)
            assert account[0] == (PURSES[name] - sum(BIDS[name])) * UNIT
            assert account[8]  # submitted
        assert node.view(bytecoin, "balanceOf", market.address) == sum(PURSES.values()) * UNIT
