"""What receipts tell of gas: whose it was, and between what bounds lies what the market can have seen of it."""

from __future__ import annotations

from collections.abc import Sequence

from wattpost.audit.books import Posted
from wattpost.audit.calls import Decoded
from wattpost.audit.case import Case
from wattpost.audit.energy import LANE, LANE_BITS, LANES, SLOT
from wattpost.audit.events import SHAPES
from wattpost.audit.raw import Log, Receipt, Transaction, hex_address
from wattpost.audit.state import PRODUCER, STANDARD, Phase

SUBMITTED, METERED = SHAPES["Submitted"].topic, SHAPES["DayMetered"].topic
# What a call costs before it runs, and a generous bound on what `submit` and `relay` do after they looked at their gas.
CALL_GAS = 21_000
AFTER_LOOKING = 9_000
GAS_PER_BYTE = 12
ODD = 12 * 32 * 3  # by how much other call data may be cheaper: as if all bytes of three words were zero
MOST_OBSERVED = 2**24 - 1


def count_gas(case: Case, transaction: Transaction, receipt: Receipt, call: str | None) -> None:
    """A transaction to the market or its money; `call` names what the market was asked, if it did it."""
    case.books.begun |= case.state.day > 0
    registered = case.state.look(transaction.sender).kind != 0
    plain = not (transaction.raw.get("accessList") or transaction.raw.get("authorizationList"))
    case.books.count(transaction.sender, receipt.gas_used, call, registered, plain)


def bounds(case: Case, transaction: Transaction, receipt: Receipt, call: Decoded) -> tuple[int, int]:
    """The least and the most that the market can have observed of a call.

    Of a plain submission that is what the receipt shows, to the unit: the market reckons in what it cannot see. Of
    anything else it is less by what comes before and after the market looks at its gas.
    """
    zeros, size = transaction.data.count(0), len(transaction.data)
    before = CALL_GAS + 4 * zeros + 16 * (size - zeros)
    told = receipt.gas_used > CALL_GAS + 10 * zeros + 40 * (size - zeros)  # at the floor, receipts tell nothing
    # An access list pays for looking ahead, outside of what the market sees; an account with code is not reckoned for.
    plain = not (transaction.raw.get("accessList") or transaction.raw.get("authorizationList"))
    least = max(1, receipt.gas_used - before - AFTER_LOOKING - GAS_PER_BYTE * size) if told and plain else 1
    most = receipt.gas_used - CALL_GAS
    if call.name == "submit":
        most = receipt.gas_used if call.canonical else receipt.gas_used + ODD
        if told and plain and call.canonical and not case.delegated:
            least = receipt.gas_used
    return min(least, MOST_OBSERVED), min(most, MOST_OBSERVED)


def observed_in(case: Case, logs: Sequence[Log]) -> int:
    """What the market says it saw: of a submission, or of a relayed one on a day that it ends without a meter."""
    for log in logs:
        if log.address == case.state.rules.market and log.topics:
            if log.topics[0] == SUBMITTED:
                return int.from_bytes(log.data[:4], "big")
            if log.topics[0] == METERED:
                return int.from_bytes(log.data[32:64], "big")
    return 0


def check_observed(case: Case, sender: int, observed: int, least: int, most: int) -> None:
    if not least <= observed <= most:
        told = f"from {least} to {most}"
        case.convict("submission.observed-gas", "observed_gas", told, observed, hex_address(sender))


def note_posted(case: Case, call: Decoded) -> None:
    """Remember what a call posted until the block is over, when the books of the day are drawn."""
    name = case.transaction.hash if case.transaction else ""
    state = case.state
    if call.name == "settle" or call.name == "clear":
        _note_settled(case)
    elif call.name == "meter":
        _, share, relayed, carried, readings, last = call.arguments
        assert isinstance(carried, int) and isinstance(share, int) and isinstance(relayed, int)
        beyond = _unpacked(readings) if isinstance(readings, list) else {}
        case.books.posted.append(Posted(name, False, share, relayed, carried if last else None, beyond))
    elif call.name == "end_unmetered":
        relayed = state.books >> 32 & 2**32 - 1
        _check_pool(case, relayed)
        case.books.posted.append(Posted(name, True, 0, relayed, 0))
    if call.name in ("meter", "end_unmetered") and state.phase == Phase.DONE:
        case.verdict.count("charges", len(state.links()))


def _note_settled(case: Case) -> None:
    state = case.state
    if state.phase == Phase.SETTLED and not state.begun:
        case.settled = [(kind, link) for kind in (STANDARD, PRODUCER) for link in state.chains[kind].links]


def _unpacked(readings: Sequence[int]) -> dict[tuple[int, int], int]:
    found = {}
    for word in readings:
        kind, ninth = word >> SLOT >> 20, word >> SLOT & 2**20 - 1
        for lane in range(LANES):
            gas = word >> LANE_BITS * lane & LANE
            if gas:
                found[kind, ninth * LANES + lane] = gas
    return found


def _check_pool(case: Case, relayed: int) -> None:
    """What the market saw of the day's batches, a relayed submission, is within what their receipts allow."""
    pool = case.state.pool
    least, most = pool.least // max(pool.count, 1), pool.most // max(pool.count, 1)
    if not least <= relayed <= most:
        told = f"from {least} to {most}"
        case.convict("submission.observed-gas", "relayed share of what was observed", told, relayed)
