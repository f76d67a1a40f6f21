"""Write benchmarks/solve.json: what README's figures about the solver come from.

    OPENBLAS_NUM_THREADS=1 python benchmarks/solve.py [--small]

The solver shares agents out over two threads itself; a BLAS that does the same gets in its way.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from wattpost.game.bench import SIZES, bench_solve


def main() -> None:
    sizes = SIZES[:2] if "--small" in sys.argv else SIZES
    rows = bench_solve(sizes)
    Path(__file__).with_suffix(".json").write_text(json.dumps(rows, indent=1) + "\n")
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
