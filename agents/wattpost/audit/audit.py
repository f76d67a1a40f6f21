"""The audit: data first, then the market, then, where there is a node, its state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

from wattpost.audit import replay
from wattpost.audit.archive import Archive, Node
from wattpost.audit.case import Case
from wattpost.audit.deployed import Deployed, read_deployment
from wattpost.audit.digests import Digests
from wattpost.audit.integrity import Integrity
from wattpost.audit.manifest import (
    days_promised,
    digest_differences,
    digests_for,
    manifest_differences,
    read_manifest,
)
from wattpost.audit.onchain import check_code, check_state
from wattpost.audit.raw import Block, Unreadable, hex_address
from wattpost.audit.state import Phase
from wattpost.audit.verdict import Verdict, Violation

STRANGERS_NAMED = 5

Progress: TypeAlias = Callable[[int, int | None], None]  # blocks done, and of how many if that is known


def audit_folder(path: Path | str, progress: Progress | None = None) -> Verdict:
    """Audit a run folder by its `chain.jsonl.gz` and `deployment.json`."""
    folder, verdict = Path(path), Verdict()
    archive = Archive(folder / "chain.jsonl.gz")
    try:
        deployed = read_deployment(folder / "deployment.json")
        manifest = read_manifest(folder / "manifest.json")
        audit = _Audit(deployed, verdict, digests_for(manifest))
        audit.run(archive.blocks(), progress, None)
        if archive.chain_id != deployed.chain_id:
            audit.convict("deployment.chain", "chain id", deployed.chain_id, archive.chain_id)
        audit.finish()
        verdict.note("No node was at hand: accounts were followed through their history, not compared with state.")
        if manifest is not None:
            for difference in manifest_differences(manifest, deployed):
                audit.convict(*difference)
            if audit.digests and not audit.case.lost:
                for difference in digest_differences(manifest, audit.digests):
                    audit.convict(*difference)
            if days_promised(manifest) > verdict.checked["days"] and not audit.case.lost:
                verdict.could_not(
                    f"The manifest speaks of {days_promised(manifest)} days, and the archive holds "
                    f"{verdict.checked['days']} whole ones."
                )
    except Unreadable as error:
        verdict.could_not(str(error))
        if archive.damaged():
            verdict.violations.clear()
            verdict.unlisted = 0
    return verdict


def audit_rpc(url: str, deployment_path: Path | str, progress: Progress | None = None) -> Verdict:
    """Audit a market on a running node, its state included."""
    verdict, node = Verdict(), Node(url)
    try:
        deployed = read_deployment(Path(deployment_path))
        node.prepare()
        audit = _Audit(deployed, verdict)
        if node.chain_id != deployed.chain_id:
            audit.convict("deployment.chain", "chain id", deployed.chain_id, node.chain_id)
            return verdict
        genesis = node.block_hash(0)
        if genesis != deployed.genesis_hash:
            audit.convict("deployment.block", "genesis hash", deployed.genesis_hash, str(genesis))
        if deployed.first_block > node.head:
            raise Unreadable(f"The chain ends at block {node.head}, before the market was deployed.")
        check_code(node, deployed, audit.convict)
        first = deployed.first_block
        audit.run(node.blocks(first), progress, node.head - first + 1)
        audit.finish()
        if not audit.case.lost:
            check_state(node, audit.case)
        if audit.block is not None and node.block_hash(audit.block.number) != audit.block.hash:
            verdict.violations.clear()
            raise Unreadable("The chain was reorganised while it was read: audit it again.")
    except Unreadable as error:
        verdict.could_not(str(error))
    finally:
        node.close()
    return verdict


class _Audit:
    """Every block through both checks."""

    def __init__(self, deployed: Deployed, verdict: Verdict, digests: Digests | None = None) -> None:
        self.deployed, self.verdict, self.digests = deployed, verdict, digests
        self.integrity = Integrity(deployed.chain_id)
        self.case = Case(deployed, verdict)
        if digests:
            digests.attach(self.case.state)
        self.block: Block | None = None
        self._check_names()

    def convict(
        self, rule: str, field: str, expected: int | str, found: int | str, transaction: str | None = None
    ) -> None:
        number = self.block.number if self.block else None
        self.verdict.convict(Violation(rule, field, expected, found, None, number, transaction, None))

    def run(self, blocks: Iterable[Block], progress: Progress | None, total: int | None) -> None:
        for done, block in enumerate(blocks, 1):
            if self.block is None:
                self._check_first(block)
            self.block = block
            try:
                for found in self.integrity.check(block):
                    self.convict(*found)
            except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
                raise Unreadable(f"Block {block.number} holds a value that cannot be one: {error!r}.") from None
            self._check_kinds(block)
            replay.follow(self.case, block)
            self.verdict.count("blocks")
            self.verdict.count("transactions", len(block.transactions))
            if progress:
                progress(done, total)

    def _check_kinds(self, block: Block) -> None:
        """A transaction whose hash and signature cannot be checked must have nothing to do with the market."""
        rules = self.deployed.rules
        ours = (rules.market, rules.registry, rules.token)
        for transaction, receipt in zip(block.transactions, block.receipts, strict=True):
            if transaction.kind in self.integrity.kinds_unknown and (
                transaction.to in ours or any(log.address in ours for log in receipt.logs)
            ):
                self.verdict.could_not(
                    f"Block {block.number} holds a transaction to the market of type {transaction.kind}; its hash and "
                    "signature cannot be checked."
                )

    def _check_first(self, block: Block) -> None:
        if block.number > self.deployed.first_block:
            raise Unreadable(
                f"The data begin at block {block.number}, after the contracts were created in block "
                f"{self.deployed.first_block}: balances cannot be known."
            )
        if block.number == 0 and block.hash != self.deployed.genesis_hash:
            self.block = block
            self.convict("deployment.block", "genesis hash", self.deployed.genesis_hash, block.hash)

    def _check_names(self) -> None:
        """The market's money and registry are the contracts that the deployment names."""
        rules, contracts = self.deployed.rules, self.deployed.contracts
        for name, told in (("Bytecoin", rules.token), ("Registry", rules.registry)):
            address = contracts[name].address
            if told != address:
                what = f"Market {name.lower()}"
                self.convict("deployment.arguments", what, hex_address(address), hex_address(told))

    def finish(self) -> None:
        """What only the end can tell."""
        verdict, integrity, case = self.verdict, self.integrity, self.case
        replay.finish(case)
        for number, found in integrity.late_differences():
            verdict.convict(Violation(found.rule, found.field, found.expected, found.found, None, number, None, None))
        verdict.checked |= {"header hashes": integrity.hashed, "signatures": integrity.recovered}
        verdict.checked["days"] = case.state.day - (case.state.phase != Phase.DONE)
        verdict.note("Checked of the data: parent hashes, transaction hashes, signatures, nonces, sums of gas, ")
        verdict.notes[-1] += "transactions roots, receipts roots and log filters"
        verdict.notes[-1] += ", header hashes." if integrity.hashed else "."
        if not integrity.hashed:
            verdict.note("Header hashes could not be recomputed: this engine does not show every field they cover.")
        if integrity.kinds_unknown:
            kinds = ", ".join(map(str, sorted(integrity.kinds_unknown)))
            verdict.note(f"Transactions of type {kinds} are unknown; their hashes and signatures were not checked.")
        if not case.state.created or not case.token.created:
            verdict.could_not("The data do not show the creation of the market and of its money.")
        if case.books.strangers:
            most = sorted(case.books.strangers.items(), key=lambda item: -item[1])
            gas = sum(case.books.strangers.values())
            named = ", ".join(f"{hex_address(sender)} {used}" for sender, used in most[:STRANGERS_NAMED])
            verdict.note(f"Senders who are no agents: {len(most)}, with {gas} gas charged to nobody (most: {named}).")
        verdict.notes += case.observed.notes()
        if case.donated > 0:
            verdict.note(f"Donated to the market without a deposit: {case.donated} (10^-18 bytecoin).")
        if case.state.phase != Phase.DONE:
            verdict.note(f"Day {case.state.day} is not over: it is {case.state.phase.name.lower()}.")
