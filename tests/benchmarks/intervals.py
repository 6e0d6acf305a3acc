"""How often the 95 % intervals of visibility hold the truth: ``python -m tests.benchmarks.intervals [--runs 1000]``.

Prints a line for each of 54 designs: questions, answers to each, the share of answers that name the brand, how alike
the answers to one question are, and of each figure the share of the runs whose interval held the truth. What is
outside 93 to 97 % has a star, and ``-`` is what half the runs have no interval of. The runs are seeded: they are the
same each time.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence

from tests.workers.visibility.test_intervals import FIGURES, coverage

QUESTIONS, ANSWERS, MEANS, ALIKE = (20, 30, 50), (3, 9), (0.2, 0.4, 0.8), (0.1, 0.4, 0.7)
LEAST, MOST = 0.93, 0.97
LINE = "{:>9} {:>7} {:>5} {:>5}" + " {:>17}" * len(FIGURES)


def main(argv: Sequence[str]) -> int:
    """Print the table, and how many of the intervals are inside."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.intervals", description=__doc__)
    parser.add_argument("--runs", type=int, default=1000, help="of each design")
    runs = parser.parse_args(argv).runs
    print(LINE.format("questions", "answers", "share", "alike", *FIGURES))
    shares: list[float] = []
    for questions, answers, mean, alike in itertools.product(QUESTIONS, ANSWERS, MEANS, ALIKE):
        held = coverage(runs, questions, answers, mean, alike)
        shares.extend(held.values())
        print(LINE.format(questions, answers, mean, alike, *(said(held.get(name)) for name in FIGURES)), flush=True)
    print(f"{sum(map(is_inside, shares))} of {len(shares)} held the truth in 93 to 97 % of {runs:,} runs")
    return 0


def said(share: float | None) -> str:
    if share is None:
        return "-"
    return f"{share:.3f}" if is_inside(share) else f"* {share:.3f}"


def is_inside(share: float) -> bool:
    return LEAST <= share <= MOST


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
