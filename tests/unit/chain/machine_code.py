"""Random machine code on both engines; ends with an error where they differ. Started by a test, or by hand:

python -m tests.unit.chain.machine_code 100
"""

import random
import sys

from tests.unit.chain.support import funded_wallet, start

COMMON = [*range(0x01, 0x0C), *range(0x10, 0x1E), 0x20, *range(0x50, 0x60), *range(0x33, 0x3A)]
COMMON += [*range(0x60, 0x68), 0x7F, *range(0x80, 0x88), *range(0x90, 0x98), *range(0xA0, 0xA5)] * 2
DIFFERENT = {0x40, 0x44}  # hash of an earlier block, and its randomness: each engine has its own
SPECIAL = [b"\x61\x01", b"\x5b\x60\x00\x56", b"\x60\x00" * 1025, b"\xfe", b"", b"\x20", b"\x60\x01\x55"]

Result = tuple[bool, int, int]


def program(draw: random.Random) -> bytes:
    """Mostly meaningful: numbers to work on, then operations, a few of them rare or undefined."""
    code = b"".join(bytes([0x60, draw.choice((0, 1, 2, 31, 32, 64, 255))]) for _ in range(draw.randint(0, 12)))
    for _ in range(draw.randint(1, 60)):
        byte = draw.choice(COMMON) if draw.random() < 0.97 else draw.randrange(256)
        code += b"" if byte in DIFFERENT else bytes([byte])
        if draw.random() < 0.5:
            code += bytes([0x60, draw.choice((0, 1, 3, 32, 96))])
    return code


def play(name: str, seed: int) -> list[Result]:
    """Sixty programs, created and called; (success, gas, logs) of each."""
    draw = random.Random(seed)
    with start(name) as engine:
        wallet = funded_wallet(engine)
        sent = []
        for code in [*(program(draw) for _ in range(60)), *SPECIAL]:
            size = len(code).to_bytes(2, "big")
            maker = b"\x61" + size + b"\x60\x0e\x5f\x39\x61" + size + b"\x5f\xf3\0\0" + code
            sent.append(wallet.send(None, maker, gas=700_000))
        engine.mine()
        while engine.pending().ready:
            engine.mine()
        made = wallet.wait_all(sent)
        calls = [(draw.randbytes(draw.choice((0, 4, 70))), draw.choice((30_000, 90_000, 400_000))) for _ in made]
        sent = [wallet.send(one.contract, data, gas=gas) for one, (data, gas) in zip(made, calls, strict=True)]
        engine.mine()
        return [(receipt.ok, receipt.gas_used, len(receipt.logs)) for receipt in made + wallet.wait_all(sent)]


def main(rounds: int) -> None:
    for seed in range(rounds):
        ours, theirs = play("eth-tester", seed), play("anvil", seed)
        if ours != theirs:
            first = next(i for i, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1])
            sys.exit(f"seed {seed}, transaction {first}: {ours[first]} on eth-tester, {theirs[first]} on anvil")
        ran = [ok for ok, _, _ in ours[len(ours) // 2 :]]
        if not 5 < sum(ran) < len(ran) - 5:
            sys.exit(f"seed {seed}: {sum(ran)} of {len(ran)} programs ran, which tests little")


if __name__ == "__main__":
    main(int(sys.argv[1]))
