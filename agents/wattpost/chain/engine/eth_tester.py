"""The default engine: eth-tester's py-evm in this process, spoken to over loopback like any node."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import rlp.exceptions
from eth_utils.exceptions import ValidationError

from wattpost.chain.engine.base import (
    CHAIN_ID,
    ETHER,
    GAS_LIMIT,
    GENESIS_TIME,
    Engine,
    Pending,
    next_timestamp,
)
from wattpost.chain.engine.evm import Evm
from wattpost.chain.engine.ledger import Ledger
from wattpost.chain.engine.methods import Methods
from wattpost.chain.engine.pool import Pool, PoolRefusal, Waiting
from wattpost.chain.engine.server import Server
from wattpost.chain.keccak import keccak
from wattpost.chain.rpc import Rpc
from wattpost.chain.transaction import floor_gas


class EthTester(Engine):
    name = "eth-tester"
    is_test = True

    def __init__(
        self,
        port: int = 0,
        *,
        chain_id: int = CHAIN_ID,
        gas_limit: int = GAS_LIMIT,
        genesis_time: int = GENESIS_TIME,
    ) -> None:
        self.chain_id, self.gas_limit = chain_id, gas_limit
        self.lock = threading.RLock()  # whoever touches `evm` holds it
        self.evm = Evm(chain_id=chain_id, gas_limit=gas_limit, genesis_time=genesis_time)
        self.ledger = Ledger(self.evm.head)
        self.pool = Pool()
        self._server = Server(Methods(self).table(), port)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self.rpc = Rpc(self.url)

    def close(self) -> None:
        self.rpc.close()
        self._server.close()

    def mine(self, timestamp: int | None = None) -> int:
        with self.lock:
            time = next_timestamp(timestamp, self.evm.head.timestamp)
            block, done, invalid = self.evm.execute(time, self.pool.in_order())
            self.ledger.append(block.header, done)
            self.pool.settle({entry.sender: self.ledger.nonces[entry.sender] for entry, _, _ in done}, invalid)
            return self.ledger.height

    def pending(self) -> Pending:
        counts = self.pool.count()
        return Pending(
            sum(ready for ready, _ in counts.values()),
            sum(held for _, held in counts.values()),
            {sender: ready + held for sender, (ready, held) in counts.items()},
        )

    def fund(self, addresses: Iterable[str], wei: int = 1_000 * ETHER) -> None:
        with self.lock:
            self.evm.fund([bytes.fromhex(address[2:]) for address in addresses], wei)

    def head(self) -> tuple[int, int]:
        block = self.ledger.blocks[-1]
        return int(block["number"], 16), int(block["timestamp"], 16)

    def accept(self, raw: bytes) -> str:
        """Takes a signed transaction into the pool, or refuses it."""
        try:
            transaction = self.evm.decode(raw)
            sender = bytes(transaction.sender)
            transaction.validate()
        except (ValidationError, rlp.exceptions.RLPException, ValueError, TypeError, EOFError) as error:
            raise PoolRefusal(f"transaction could not be decoded: {error}") from None
        except Exception as error:  # a bad signature arrives as the signing library's own type
            raise PoolRefusal(f"invalid sender: {error}") from None
        if raw[0] == 3:
            raise PoolRefusal("transaction type not supported")
        if transaction.chain_id not in (None, self.chain_id):
            raise PoolRefusal(f"invalid chain id for signer: have {transaction.chain_id} want {self.chain_id}")
        if transaction.gas > self.gas_limit:
            raise PoolRefusal(f"exceeds block gas limit: {transaction.gas} of {self.gas_limit}")
        least = max(transaction.intrinsic_gas, floor_gas(transaction.data))
        if transaction.gas < least:
            raise PoolRefusal(f"intrinsic gas too low: have {transaction.gas}, want {least}")
        fee = transaction.max_fee_per_gas
        tip = transaction.max_priority_fee_per_gas
        if tip > fee:
            raise PoolRefusal("max priority fee per gas higher than max fee per gas")
        with self.lock:
            state = self.evm.state()
            balance, nonce = state.get_balance(sender), state.get_nonce(sender)
            cost = transaction.gas * fee + transaction.value
            if balance < cost:
                raise PoolRefusal(f"insufficient funds for gas * price + value: have {balance} want {cost}")
            hash = "0x" + keccak(raw).hex()
            entry = Waiting(
                hash,
                "0x" + sender.hex(),
                transaction.nonce,
                fee,
                min(tip, fee),
                transaction.gas,
                transaction,
                raw,
            )
            self.pool.add(entry, nonce)
        return hash
