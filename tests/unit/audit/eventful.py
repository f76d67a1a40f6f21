"""An honest market's life with everything in it that a market can meet, and by label every call it refused."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.audit.street import UNIT, WINDOW, Street

from wattpost.chain.market import call
from wattpost.chain.permit import sign_permit
from wattpost.chain.wallet import Wallet
from wattpost.spec import WAD, pack, pack_profile


@dataclass
class Eventful:
    street: Street
    blocks: list[dict[str, Any]]
    deployment: dict[str, Any]
    refused: dict[str, str]  # label: hash of the transaction


def live(folder: Path) -> Eventful:
    """Play it on a fresh chain."""
    street = Street()
    refused = play(street)
    street.save(folder)
    street.chain.close()
    lines = gzip.decompress((folder / "chain.jsonl.gz").read_bytes()).decode().splitlines()
    deployment = json.loads((folder / "deployment.json").read_text())
    return Eventful(street, [json.loads(line) for line in lines[1:-1]], deployment, refused)


def play(street: Street, *, strict: bool = True) -> dict[str, str]:
    """The whole life. Unless `strict`, a call that a wrong contract lets through is not held against the test."""
    refused: dict[str, str] = {}

    def refuse(label: str, wallet: Wallet, data: bytes, to: str | None = None, at: int | None = None) -> None:
        (receipt,) = street.send((wallet, data, to or street.market), at=at)
        assert not (strict and receipt.ok), label
        refused[label] = receipt.hash

    me, stranger, meter = street.founder, street.stranger, street.meter
    home, other, _, mill, plant = street.agents
    street.found()
    one = pack([UNIT] * (street.periods + 1))
    refuse("stranger registers", stranger, call("register_standard", stranger.address, UNIT))
    refuse("no endowment", me, call("register_standard", stranger.address, 0))
    refuse("registered twice", me, call("register_standard", home.address, UNIT))
    refuse("wild plant", me, call("register_producer", stranger.address, 1, WAD // 10, UNIT, 0))
    refuse("profile above the whole", me, call("set_profile", 2, pack_profile([10_000])[:1] * 2 + (1,)))
    refuse("spends another's", stranger, selector_call("transferFrom", home.address, stranger.address, 5), street.token)
    refuse("spends more", stranger, call("transfer", me.address, 10**30), street.token)
    refuse("takes more", home, call("withdraw", 10**30))
    refuse("deposits more", home, call("deposit", 10**30))
    refuse("offer of the role accepted", stranger, selector_call("accept_registrar"))
    refuse("a padded call", stranger, call("open") + bytes(32))
    refuse("no such function", home, bytes.fromhex("deadbeef"))

    # day 1: everybody, and everything that a window refuses
    street.open()
    refuse("opens twice", stranger, call("open"))
    street.submit(0, 1)
    street.submit(2, 3)
    refuse("submits twice", home, call("submit", 1, one, []))
    refuse("stranger submits", stranger, call("submit", 1, one, []))
    offer = pack([0] + [6 * UNIT] * street.periods)
    refuse("above capacity", plant, call("submit", 1, one, offer))
    refuse("above money", plant, call("submit", 1, pack([10**15] * (street.periods + 1)), pack([0] * 4)))
    refuse("nothing at all", plant, call("submit", 1, pack([0] * 4), pack([0] * 4)))
    refuse("wrong length", plant, call("submit", 1, one * 2, one))
    refuse("registers on a day", me, call("register_standard", stranger.address, UNIT))
    street.submit(4)
    part = street.parts()[0]
    refuse("closes early", stranger, call("close", 1, part.kind, part.prior, part.words))
    wrong = [*part.words[:-1], part.words[-1] + 1]
    at = street.opened + WINDOW
    refuse("closes with other words", stranger, call("close", 1, part.kind, part.prior, wrong), at=at)
    street.close()
    refuse("settles too soon", stranger, call("settle", 1, part.kind, 0, part.prior, part.words))
    street.produce()
    few = street.parts()[1]  # fewer than the others, so that a second time would not be one too many
    street.ok((stranger, call("settle", 1, few.kind, 1, few.prior, few.words)))
    refuse("settles twice", stranger, call("settle", 1, few.kind, 1, few.prior, few.words))
    street.settle(0)
    words = [int(agent.address, 16) | 10**7 << 160 for agent in street.agents]
    refuse("stranger meters", stranger, call("meter", 1, 0, 0, words))
    refuse("ends early", stranger, call("end_unmetered", 1, list(street.observed)))
    refuse("meters below", meter, call("meter", 1, 0, 0, [int(a.address, 16) for a in street.agents]))
    refuse("meters a few", meter, call("meter", 1, 0, 0, words[:2]))
    refuse("meters one twice", meter, call("meter", 1, 0, 0, [words[0], *words[:-1]]))
    street.post()

    # day 2: money moves in every way; a sender who is no agent; a gift
    street.ok((home, call("withdraw", 7 * WAD)), (other, call("withdraw", 3)))
    street.ok((home, call("transfer", street.market, 11), street.token))
    signed = sign_permit(
        mill.key, chain_id=street.chain.chain_id, token=street.token, spender=street.market, amount=5 * WAD, nonce=0,
        deadline=2**40,
    )  # fmt: skip
    permit = (5 * WAD, 2**40, 27 + signed.parity, _word(signed.r), _word(signed.s))
    street.ok((mill, call("deposit_with_permit", *permit)))
    refuse("permit used again", stranger, _permit(mill.address, street.market, *permit), street.token)
    street.ok((me, call("set_profile", 3, pack_profile([1]))))
    street.play()

    # day 3: no producers; day 4: the meter is silent; day 5: nobody; day 6: everybody
    street.open()
    street.submit(0, 1, 2)
    refuse("late", mill, call("submit", 3, one, pack([0] * 4)), at=street.opened + WINDOW)
    street.close()
    street.produce()
    street.settle()
    street.post()
    street.open()
    street.submit(1, 3, 4)
    street.close()
    street.produce()
    street.settle()
    street.silent()
    street.open()
    street.close()
    street.play()

    # everybody leaves
    for number, wallet in enumerate([*street.agents, street.duster]):
        money = street.account(wallet.address)
        street.ok((wallet, call("withdraw", money)))
        refuse(f"{number} withdraws again", wallet, call("withdraw", money))
    return refused


def selector_call(name: str, *values: Any) -> bytes:
    """Calls that the package itself never makes."""
    from wattpost.chain import abi

    types = {"transferFrom": ["address", "address", "uint256"], "accept_registrar": []}[name]
    return abi.selector(f"{name}({','.join(types)})") + abi.encode(types, values)


def _permit(owner: str, spender: str, amount: int, deadline: int, v: int, r: bytes, s: bytes) -> bytes:
    from wattpost.chain import abi

    types = ["address", "address", "uint256", "uint256", "uint8", "bytes32", "bytes32"]
    return abi.selector(f"permit({','.join(types)})") + abi.encode(types, [owner, spender, amount, deadline, v, r, s])


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
