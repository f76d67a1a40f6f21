"""The whole randomised family: every failure by seed and reason, and what the proofs say.

python benchmarks/solve_family.py [COUNT] [FIRST] > benchmarks/solve_family.txt
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "economics"))

from families import random_economy

from wattpost.game import Status, solve_nash


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    failures, regret, residual, quiet, began = [], 0.0, 0.0, 0, time.perf_counter()
    for done, seed in enumerate(range(first, first + count), start=1):
        economy = random_economy(seed)
        found = solve_nash(economy)
        quiet += found.status is not Status.SOLVED
        if not found.solved or found.regret > 1e-8 or found.residual > 1e-9:
            failures.append(seed)
            print(f"seed {seed}: {found.status.value} (regret {found.regret:.1e}, residual {found.residual:.1e})")
        else:
            regret, residual = max(regret, found.regret), max(residual, found.residual)
        if done % 20 == 0:
            print(
                f"{done} economies, {len(failures)} failures {failures}, {quiet} without trade; of the rest: "
                f"regret <= {regret:.1e}, residual <= {residual:.1e}; {time.perf_counter() - began:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
