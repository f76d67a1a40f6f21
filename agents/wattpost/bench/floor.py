"""The physical floor: what the EVM charges an agent-day whatever a contract does, short of trusting somebody.

Counted are the transaction's own 21,000 gas (directly), the call data of the bids, which must be carried once to be
bound and once more to be settled by anyone, the signature and its recovery (relayed), and three cold slots written:
the account when money is escrowed, the commitment to the bid (directly, for each; relayed, once a batch), and the
account when it is paid out. Nothing that the day shares is in it.
"""

from __future__ import annotations

from wattpost.chain.transaction import calldata_gas

INTRINSIC = 21_000
COLD_WRITE = 5_000  # a slot that is not zero and stays so, first touched in its transaction
RECOVERY = 3_000
ADDRESS = 20 * 16 + 12 * 4  # an address in a word of call data
SIGNATURE = 64 * 16


def floor(words: bytes, relayed: bool) -> int:
    """Gas that no design avoids for a submission of these words.

    >>> floor(b"", relayed=False), floor(b"", relayed=True)
    (36368, 14392)
    """
    shared = 2 * calldata_gas(words) + ADDRESS + 2 * COLD_WRITE
    return shared + (SIGNATURE + RECOVERY if relayed else INTRINSIC + COLD_WRITE)
