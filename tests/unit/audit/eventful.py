"""An honest market's life with everything in it that a market can meet, and by label every call it refused."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.unit.audit.street import UNIT, WINDOW, Street, raw

from wattpost.chain import abi
from wattpost.chain.market import call
from wattpost.chain.permit import sign_permit
from wattpost.chain.showing import show
from wattpost.chain.signed_bid import batch
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
    market, registry = street.market, street.registry
    one, empty = raw(pack([UNIT] * (street.periods + 1))), raw([0])

    def admits(wallet: Wallet, endowment: int = UNIT) -> bytes:
        return call("register_standard", wallet.address, endowment, 0)

    refuse("stranger registers", stranger, admits(stranger), registry)
    refuse("no endowment", me, admits(stranger, 0), registry)
    refuse("registered twice", me, admits(home), registry)
    refuse("wild plant", me, call("register_producer", stranger.address, 1, WAD // 10, UNIT, 0, 0), registry)
    refuse("a store where there are none", me, call("register_standard", stranger.address, UNIT, 5), registry)
    refuse("profile above the whole", me, call("set_profile", 2, pack_profile([10_000])[:1] * 2 + (1,)), registry)
    refuse("admits itself", stranger, other_call("admit", stranger.address, UNIT, False, 0))
    refuse("binds the registry", stranger, other_call("bind"), registry)
    refuse("spends another's", stranger, other_call("transferFrom", home.address, stranger.address, 5), street.token)
    refuse("spends more", stranger, call("transfer", me.address, 10**30), street.token)
    refuse("takes more", home, call("withdraw", 10**30))
    refuse("takes a part of a unit", home, call("withdraw", 10**9 + 1))
    refuse("deposits more", home, call("deposit", 10**30))
    refuse("offer of the role accepted", stranger, other_call("accept_registrar"), registry)
    refuse("a padded call", stranger, call("open") + bytes(32))
    refuse("no such function", home, bytes.fromhex("deadbeef"))

    # day 1: everybody, piece by piece, and everything that a window refuses
    street.open()
    refuse("opens twice", stranger, call("open"))
    street.submit(0, 1)
    street.submit(2, 3)
    refuse("submits twice", home, call("submit", 1, 0, one))
    refuse("stranger submits", stranger, call("submit", 1, 0, one))
    refuse("above capacity", plant, call("submit", 1, 0, one + raw(pack([0] + [6 * UNIT] * street.periods))))
    refuse("offers the good", plant, call("submit", 1, 0, one + raw([1])))
    refuse("above money", plant, call("submit", 1, 0, raw(pack([10**15] * (street.periods + 1))) + empty))
    refuse("nothing at all", plant, call("submit", 1, 0, empty * 2))
    refuse("wrong length", plant, call("submit", 1, 0, one * 3))
    refuse("of the other kind", plant, call("submit", 1, 0, one))
    refuse("stores where there are no stores", plant, call("submit", 1, 5, one + empty))
    refuse("relays what is there already", stranger, batch([street.signed(0), street.signed(3)]))
    refuse("registers on a day", me, admits(stranger), registry)
    street.submit(4)
    part = street.parts()[0]
    refuse("closes early", stranger, street.closing(part))
    refuse("clears early", stranger, street.clearing())
    wrong = replace(part.submissions[-1], words=(part.submissions[-1].words[0] + 1,))
    other_part = replace(part, submissions=(*part.submissions[:-1], wrong))
    at = street.opened + WINDOW
    refuse("closes with other words", stranger, street.closing(other_part), at=at)
    refuse("closes with other zeros", stranger, street.closing(part)[:-1] + b"\x01")
    street.ok((stranger, street.closing(part)))
    one_kind = show("clear", 1, 0, 2, submissions=street.parts()[1].submissions)
    refuse("clears what pieces left", stranger, one_kind)
    street.ok((me, street.closing(street.parts()[1])))
    refuse("settles too soon", stranger, street.settling(0, part))
    street.produce()
    few = street.parts()[1]  # fewer than the others, so that a second time would not be one too many
    street.ok((stranger, street.settling(1, few)))
    refuse("settles twice", stranger, street.settling(1, few))
    street.settle(0)
    refuse("stranger meters", stranger, street.metering())
    refuse("ends early", stranger, call("end_unmetered", 1))
    words = street.readings()
    street.ok((meter, street.metering(last=False, words=words[:1])))
    refuse("meters one twice", meter, street.metering(words=words))
    refuse("meters at another share", meter, call("meter", 1, 7, 0, 0, words[1:], True))
    street.ok((meter, street.metering(words=words[1:])))
    street.charge()

    # day 2: money moves in every way; a sender who is no agent; a gift; all at once
    street.ok((home, call("withdraw", 7 * WAD)), (other, call("withdraw", 3 * UNIT)))
    street.ok((home, call("transfer", market, 11), street.token))
    signed = sign_permit(
        mill.key, chain_id=street.chain.chain_id, token=street.token, spender=market, amount=5 * WAD, nonce=0,
        deadline=2**40,
    )  # fmt: skip
    permit = (5 * WAD, 2**40, 27 + signed.parity, _word(signed.r), _word(signed.s))
    street.ok((mill, call("deposit_with_permit", *permit)))
    refuse("permit used again", stranger, _permit(mill.address, market, *permit), street.token)
    street.ok((me, call("set_profile", 3, pack_profile([1])), registry))
    street.play()

    # day 3: no producers; day 4: the meter is silent; day 5: nobody
    street.open()
    street.submit(0, 1, 2)
    refuse("late", mill, call("submit", 3, 0, one + empty), at=street.opened + WINDOW)
    street.close()
    street.produce()
    street.settle()
    street.post()
    street.open()
    street.submit(1, 3)
    street.relay(0, 4)
    street.clear()
    street.silent()
    street.open()
    street.close()

    # day 6: everybody, most of them by a relayer, in two batches with bids that must be skipped
    street.open()
    street.submit(2)
    good = street.signed(1)
    for_another = replace(street.signed(1, relayer=me), deadline=2**39)
    rich = replace(good, words=(2**200,))  # signed for other words: it recovers to nobody that is known
    street.relay(0, 3, more=[street.signed(2), for_another, rich, street.signed(1, deadline=1)])
    refuse("relays nothing good", stranger, batch([street.signed(0)]))
    refuse("relays another's batch", home, batch([good]))
    refuse("a batch with a tail", stranger, batch([good])[:-1] + b"\x01")
    street.relay(1, 4)
    refuse("relays late", stranger, batch([good]), at=street.opened + WINDOW)
    street.clear()
    low = call("meter", 6, street.reading.share, 20, 0, street.readings(), True)  # type: ignore[union-attr]
    refuse("meters batches below", meter, low)
    street.post()

    # everybody leaves
    for number, wallet in enumerate([*street.agents, street.duster]):
        money = street.account(wallet.address)
        street.ok((wallet, call("withdraw", money)))
        refuse(f"{number} withdraws again", wallet, call("withdraw", money))
    return refused


def other_call(name: str, *values: Any) -> bytes:
    """Calls that the package itself never makes."""
    types = {
        "transferFrom": ["address", "address", "uint256"],
        "accept_registrar": [],
        "bind": [],
        "admit": ["address", "uint256", "bool", "uint256"],
    }[name]
    return abi.selector(f"{name}({','.join(types)})") + abi.encode(types, values)


def _permit(owner: str, spender: str, amount: int, deadline: int, v: int, r: bytes, s: bytes) -> bytes:
    types = ["address", "address", "uint256", "uint256", "uint8", "bytes32", "bytes32"]
    return abi.selector(f"permit({','.join(types)})") + abi.encode(types, [owner, spender, amount, deadline, v, r, s])


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")
