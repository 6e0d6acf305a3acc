"""Results: medians of rounds in which both sides ran one after the other, as a table or as lines of JSON."""

import statistics
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import orjson


@dataclass(frozen=True, slots=True)
class Result:
    """One comparison. `target` is the promise about the ratio, or about `ours` where there is no peer."""

    name: str
    unit: str
    ours: float
    peer: float | None = None
    target: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer if self.peer else None

    def as_json(self) -> str:
        line = {"name": self.name, "ours": self.ours, "peer": self.peer, "ratio": self.ratio}
        return orjson.dumps(line).decode()


def side_by_side(name: str, unit: str, rounds: Iterable[tuple[float, float]], target: str) -> Result:
    """The round of the median ratio: neighbours in time suffer the same noise, medians of each side need not."""
    ordered = sorted(rounds, key=lambda pair: pair[0] / pair[1])
    ours, peer = ordered[(len(ordered) - 1) // 2]
    spread = ", ".join(f"{ours / peer:.2f}" for ours, peer in ordered)
    say(f"{name}: ratios {spread}")
    return Result(name, unit, ours, peer, target)


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


median = statistics.median


def say(line: str) -> None:
    """Progress, beside the results."""
    print(line, file=sys.stderr, flush=True)


def table(results: Iterable[Result]) -> str:
    lines = [f"{'':<34}{'ours':>10}{'peer':>10}{'ratio':>8}   target"]
    for each in results:
        peer = "" if each.peer is None else f"{each.peer:,.1f}"
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        lines.append(
            f"{each.name + ' (' + each.unit + ')':<34}{each.ours:>10,.1f}{peer:>10}{ratio:>8}   {each.target}"
        )
    return "\n".join(lines)
