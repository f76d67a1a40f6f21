"""The whole randomised family: every failure by seed and reason, what the proofs say, and the second road.

python benchmarks/solve_family.py [COUNT] [FIRST] [SECONDS] > benchmarks/solve_family.txt

COUNT economies are solved and certified; then, for SECONDS at most, those with every post open are played by damped
best responses from their own opening bids, which share no equation with the solver, and the ends compared.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "economics"))

import numpy as np
from families import RISING, random_economy

from wattpost.game import Economy, Solution, Status, best_response_dynamics, solve_nash

STEPS = ((0.35, 400), (0.1, 1500))
"""Damping and rounds of the second road: one try each."""


def main() -> None:
    count, first, budget = (int(v) for v in (*sys.argv[1:4], *("300", "0", "3600")[len(sys.argv) - 1 :]))
    print(f"# {count} economies with c <= 1, seeds from {first}: M to 50, P to 20, T to 24, all forms")
    found = _solved([(seed, random_economy(seed)) for seed in range(first, first + count)])
    print(f"# {count // 5} economies in which plants may have c > 1: M to 20, P to 8, T to 6")
    _solved([(seed, random_economy(seed, largest=20, periods=6, returns=RISING)) for seed in range(count // 5)])
    print("# the second road, from the same participants, every post open")
    _second_road(found, budget)


def _solved(economies: list[tuple[int, Economy]]) -> list[tuple[int, Economy, Solution]]:
    failures, regret, residual, quiet, found, began = [], 0.0, 0.0, 0, [], time.process_time()
    for done, (seed, economy) in enumerate(economies, start=1):
        answer = solve_nash(economy)
        quiet += answer.solved and answer.status is not Status.SOLVED
        if not answer.solved or answer.regret > 1e-8 or answer.residual > 1e-9:
            failures.append(seed)
            print(f"seed {seed}: {answer.status.value} (regret {answer.regret:.1e}, residual {answer.residual:.1e})")
        else:
            regret, residual = max(regret, answer.regret), max(residual, answer.residual)
            found.append((seed, economy, answer))
        if done % 20 == 0 or done == len(economies):
            print(
                f"{done} economies, {len(failures)} failures {failures}, {quiet} without trade; of the rest: "
                f"regret <= {regret:.1e}, residual <= {residual:.1e}; {time.process_time() - began:.0f} s of CPU",
                flush=True,
            )
    return found


def _second_road(found: list[tuple[int, Economy, Solution]], budget: float) -> None:
    agree, worst, lost, skipped, began, last = 0, 0.0, [], 0, time.monotonic(), 0
    for seed, economy, answer in found:
        if time.monotonic() - began > budget:
            break
        last = seed
        if not answer.open.all():
            skipped += 1
            continue
        for step, rounds in STEPS:
            path = best_response_dynamics(economy, participants=answer.participants, step=step, max_rounds=rounds)
            if path.settled:
                break
        scale = np.maximum(np.abs(answer.allocations), 1.0)
        gap = max(
            float(np.max(np.abs(path.prices / answer.prices - 1.0))),
            float(np.max(np.abs(path.allocations - answer.allocations) / scale)),
        )
        if path.settled and gap <= 1e-6:
            agree, worst = agree + 1, max(worst, gap)
        else:
            lost.append(seed)
            reason = "settled elsewhere" if path.settled else f"still moving by {path.change:.1e} a round"
            print(f"seed {seed}: {reason}, {gap:.1e} apart", flush=True)
    print(
        f"{agree} agree to {worst:.1e} (1e-6 asked), {len(lost)} do not {lost}, {skipped} have closed posts; "
        f"seeds up to {last}",
        flush=True,
    )


if __name__ == "__main__":
    main()
