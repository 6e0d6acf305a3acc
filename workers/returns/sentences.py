"""What a finding says to the seller, in one sentence."""

from datetime import date

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December"]  # fmt: skip


def rate_rose(
    sku: str | None, reason: str | None, usual: float, rate: float, since: date, expected: float, observed: int
) -> str:
    """``Returns of SKU-12 rose from 6.1 % to 14.8 % of the units sold since 3 March (expected 11, seen 27).``"""
    returns = f"Returns of {sku or 'all products'}" + (f" with the reason “{words(reason)}”" if reason else "")
    return (
        f"{returns} rose from {percent(usual)} to {percent(rate)} of the units sold since {day(since)} "
        f"(expected {number(expected)}, seen {observed})."
    )


def above_category(
    sku: str | None, reason: str | None, usual: float, rate: float, since: date, expected: float, observed: int
) -> str:
    """``Since 3 March, 14.8 % of the units sold of SKU-12 came back; 6.1 % is usual in its category (…).``"""
    back = f"came back with the reason “{words(reason)}”" if reason else "came back"
    return (
        f"Since {day(since)}, {percent(rate)} of the units sold of {sku} {back}; {percent(usual)} is usual in its "
        f"category (expected {number(expected)}, seen {observed})."
    )


def share_rose(sku: str, reason: str, usual: float, share: float, since: date, observed: int, in_all: int) -> str:
    """``Since 3 March, 9 of 14 returns of SKU-12 have the reason “too small” (64 %); before, it was 20 %.``"""
    return (
        f"Since {day(since)}, {observed} of {in_all} returns of {sku} have the reason “{words(reason)}” "
        f"({percent(share)}); before, it was {percent(usual)}."
    )


def defect_appeared(sku: str, complaint: str, since: date, observed: int, before: int, history: int) -> str:
    """``Since 3 March, 5 returns of SKU-12 complain about “zipper broken”; in the 150 days before, none did.``"""
    earlier = "none did" if not before else f"{before} did"
    return (
        f"Since {day(since)}, {observed} returns of {sku} complain about “{words(complaint)}”; in the {history} days "
        f"before, {earlier}."
    )


def buyer_returns(buyer: str, observed: int, expected: float, since: date, until: date) -> str:
    """``One buyer (3f2a…) sent back 9 times between 3 March and 2 June; a buyer who returns does so 1.2 times.``"""
    return (
        f"One buyer ({buyer[:8]}…) sent back {observed} times between {day(since)} and {day(until)}; a buyer who "
        f"returns does so {expected:.1f} times on average."
    )


def words(name: str) -> str:
    """A reason's name as it is read."""
    return name.replace("_", " ")


def percent(share: float) -> str:
    """One decimal; two where one would show 0."""
    return f"{100 * share:.2f} %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def number(value: float) -> str:
    """Whole; one decimal below 10."""
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def day(when: date) -> str:
    """``3 March``."""
    return f"{when.day} {MONTHS[when.month - 1]}"
