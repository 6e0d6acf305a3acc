"""What the repricing policy earns in a market with reacting competitors: ``python -m tests.benchmarks.repricing``.

Prints one table over five seeded markets of 200 products and 90 days each: expected profit of every seller against
the oracle's. The oracle knows demand and the competitors' reactions and is bound to the cost only. The policy is the
production code (``fit``, ``recommend``, ``band``, ``price_war``), and sees sales, own prices and offers.
"""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.market import KINDS, Floats, Ints, Strategy, draw, past, play
from tests.benchmarks.sellers import Policy, always_undercut, hold_price, oracle
from workers.pricing import AnchorRule

SEEDS = range(1, 6)
PRODUCTS, DAYS = 200, 90
POLICY, HOLD, UNDERCUT, ORACLE = "policy, stays within 10 %", "hold price", "always undercut", "oracle"
SELLERS: dict[str, Strategy] = {
    POLICY: Policy(AnchorRule("stay_within", 10)),
    "policy, no competitor rule": Policy(None),
    "policy, matches": Policy(AnchorRule("match", 0)),
    "policy, matches, also in wars": Policy(AnchorRule("match", 0), holds_in_war=False),
    HOLD: hold_price,
    UNDERCUT: always_undercut,
}
COLUMNS = ("profit", "of oracle", "range over seeds", "gap closed", *KINDS, "below hold", "by over 3 %")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One market."""

    kind: Ints
    """(S,) index in ``KINDS``."""
    profit: dict[str, Floats]
    """(S,) expected profit by seller, the oracle among them, in minor units."""

    def share(self, seller: str, kind: int | None = None) -> float:
        """Of the oracle's profit, over all products or those with one kind of competitor."""
        which = self.kind >= 0 if kind is None else self.kind == kind
        return float(self.profit[seller][which].sum() / self.profit[ORACLE][which].sum())

    def closed(self, seller: str) -> float:
        """Share of the gap between holding the price and the oracle."""
        hold = self.share(HOLD)
        return (self.share(seller) - hold) / (1 - hold)

    def below_hold(self, seller: str, by: float) -> float:
        """Share of the products that earn less than at a held price, by more than the share ``by``."""
        return float(np.mean(self.profit[seller] < (1 - by) * self.profit[HOLD]))


def simulate(seed: int, products: int, days: int) -> Outcome:
    """All sellers in one market."""
    market = draw(seed, products, days)
    before = past(market)
    profit = {name: play(market, before, seller)[0] for name, seller in SELLERS.items()}
    return Outcome(market.kind, {**profit, ORACLE: oracle(market, before)})


def cells(seller: str, markets: list[Outcome]) -> list[str]:
    """One row: means over the markets, and the range of the share of the oracle's profit."""
    shares = [market.share(seller) for market in markets]
    kinds = [np.mean([market.share(seller, kind) for market in markets]) for kind in range(len(KINDS))]
    return [
        f"{np.mean([market.profit[seller].sum() for market in markets]) / 100:,.0f}",
        f"{np.mean(shares):.1%}",
        f"{min(shares):.1%} - {max(shares):.1%}",
        f"{np.mean([market.closed(seller) for market in markets]):.0%}",
        *(f"{share:.1%}" for share in kinds),
        *(f"{np.mean([market.below_hold(seller, by) for market in markets]):.0%}" for by in (1e-9, 0.03)),
    ]


def main() -> int:
    """Print the table."""
    ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter).parse_args()
    markets = [simulate(seed, PRODUCTS, DAYS) for seed in SEEDS]
    print(f"{'seller':<30} | " + " | ".join(f"{name:>16}" for name in COLUMNS))
    for seller in (ORACLE, *SELLERS):
        print(f"{seller:<30} | " + " | ".join(f"{cell:>16}" for cell in cells(seller, markets)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
