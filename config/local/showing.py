"""How the demo of `up` shows the results of its jobs: a few lines each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

SHOWN_PRICES, SHOWN_ALERTS, SHOWN_ANOMALIES, SHOWN_NAMES = 6, 3, 5, 3
# Of a listing's text.
SHOWN_CHARACTERS = 100
# By how many per cent our price is above the lowest where somebody is clearly cheaper.
CLEARLY = 5


@dataclass(frozen=True, slots=True)
class Shop:
    """What a result does not say: the titles of the products, by SKU."""

    titles: dict[str, str]

    def named(self, sku: str | None) -> str:
        """A SKU with its title; nothing without a SKU."""
        return f"{sku} ({self.titles[sku]})" if sku in self.titles else sku or ""


def show_prices(result: dict[str, Any], shop: Shop, console: Console) -> None:
    shown = sorted(result["recommendations"], key=lambda each: -each["expected_profit_change_pct"])
    table = Table(title="Recommended prices", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("SKU", no_wrap=True)
    # The one column that gives way to a narrow terminal.
    table.add_column("Product")
    for heading in ("Price", "Recommended", "Profit", "Confidence"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Limited by", no_wrap=True)
    for each in shown[:SHOWN_PRICES]:
        table.add_row(
            each["sku"],
            Text(shop.titles[each["sku"]], no_wrap=True, overflow="ellipsis"),
            f"{each['current_price']:.2f}",
            f"{each['recommended_price']:.2f}",
            f"{each['expected_profit_change_pct']:+.1f} %",
            f"{each['confidence']:.0%}",
            (each["binding_constraint"] or "").replace("_", " "),
        )
    console.print(table)
    console.print(f"{result['updated_count']} of {result['processed_count']} prices would change.")


def show_competitors(result: dict[str, Any], shop: Shop, console: Console) -> None:
    summaries = [each["summary"] for each in result["skus"]]
    cheapest = sum(each["our_rank"] == 1 for each in summaries)
    gaps = {each["sku"]: each["summary"]["price_gap_pct"] or 0 for each in result["skus"]}
    widest = max(gaps, key=lambda sku: gaps[sku], default=None)
    _head(console, "Competitors' offers")
    count = result["processed_count"]
    lines = [f"{result['offer_count']} offers for {count} products; for {cheapest} of them you are the cheapest."]
    if widest and gaps[widest] > CLEARLY:
        lines.append(f"{shop.named(widest)} costs {gaps[widest]:.0f} % more than at the cheapest competitor.")
    _lines(console, lines)


def show_reviews(result: dict[str, Any], shop: Shop, console: Console) -> None:
    overall = result["overall"]
    shares = ", ".join(f"{_share(overall, label)} {label}" for label in ("positive", "neutral", "negative"))
    unsupported = overall["flags"]["unsupported_language"]
    _head(console, "Reviews")
    _lines(
        console,
        [
            f"{overall['review_count']:,} reviews: {shares}; {unsupported} are in a language that is not read.",
            f"Most praised: {_aspects(overall['praised'])}. Most criticised: {_aspects(overall['criticised'])}.",
            *(each["message"] for each in result["alerts"][:SHOWN_ALERTS]),
        ],
    )


def show_returns(result: dict[str, Any], shop: Shop, console: Console) -> None:
    reasons = result["reasons"][:SHOWN_NAMES]
    named = ", ".join(f"{_words(each['reason'])} ({_percent(each['share'])})" for each in reasons)
    _head(console, "Returns")
    _lines(
        console,
        [
            f"{result['return_count']:,} returns. The most frequent reasons are {named or 'not known yet'}. "
            f"{result['code_contradicted_count']} comments contradict the code that was chosen.",
            *_first_of_each(result["anomalies"])[:SHOWN_ANOMALIES],
        ],
    )


def show_visibility(result: dict[str, Any], shop: Shop, console: Console) -> None:
    _head(console, "Visibility")
    names = ", ".join(each["assistant"] for each in result["assistants"])
    overall = result["overall"]
    if overall is None:
        _lines(console, [f"Every question to {names} names {result['brand']}."])
        return
    score = overall["visibility_score"]
    lines = [
        f"{names} answered {overall['answer_count']} times, to questions that name no brand. "
        f"{_percent(overall['mention_rate']['value'])} of the answers name {result['brand']}: a visibility score of "
        f"{score['value']:.0f} of 100.",
    ]
    if overall["share_of_voice"]:
        lines.append(_voices(*overall["share_of_voice"]))
    _lines(console, lines)


def _voices(own: dict[str, Any], *others: dict[str, Any]) -> str:
    """The brand's share of voice beside the largest ones."""
    largest = sorted(others, key=lambda each: -each["share"]["value"])[:SHOWN_NAMES]
    rest = "".join(f", {each['brand']} {_percent(each['share']['value'])}" for each in largest)
    return f"{own['brand']} has {_percent(own['share']['value'])} of all mentions of brands{rest}."


def show_listings(result: dict[str, Any], shop: Shop, console: Console) -> None:
    listings = result["listings"]
    means = [_mean(each[score]["total"] for each in listings) for score in ("score_before", "score_after")]
    _head(console, "Listings")
    lines = [
        f"{result['processed_count']} listings score {means[0]:.0f} of 100 on average; with the proposed texts for "
        f"{result['updated_count']} of them it would be {means[1]:.0f}."
    ]
    best = max(listings, key=_gain, default=None)
    if best and best["proposals"]:
        lines += [f"{shop.named(best['sku'])} gains most, {_gain(best):.0f} points: {_change(best['proposals'])}"]
    _lines(console, lines)


def _mean(scores: Iterable[float]) -> float:
    found = list(scores)
    return sum(found) / max(len(found), 1)


def _gain(report: dict[str, Any]) -> float:
    return float(report["score_after"]["total"] - report["score_before"]["total"])


def _change(proposals: list[dict[str, Any]]) -> str:
    """The proposal that brings most."""
    best = max(proposals, key=lambda each: each["score_change"])
    current, proposed = (_beginning(best[name]) for name in ("current", "proposed"))
    points = f"{best['score_change']:.0f} by its {_words(best['field'])}"
    return f"{points}, where “{current}” becomes “{proposed}”."


def _beginning(text: str | list[str]) -> str:
    whole = text if isinstance(text, str) else " / ".join(text)
    return whole if len(whole) <= SHOWN_CHARACTERS else f"{whole[:SHOWN_CHARACTERS].rstrip()}…"


def _first_of_each(anomalies: list[dict[str, Any]]) -> list[str]:
    """The sentence about what is worst at each product and customer."""
    found: dict[tuple[str | None, str | None], str] = {}
    for each in anomalies:
        found.setdefault((each["sku"], each["customer"]), each["sentence"])
    return list(found.values())


def _head(console: Console, title: str) -> None:
    console.print()
    console.print(Text(title, style="italic"))


def _lines(console: Console, lines: Iterable[str]) -> None:
    """Customers' words are among them: no markup."""
    for line in lines:
        console.print(f"  {line}", markup=False)


def _share(summary: dict[str, Any], label: str) -> str:
    labelled = sum(summary[f"{each}_count"] for each in ("positive", "neutral", "negative"))
    return _percent(summary[f"{label}_count"] / max(labelled, 1))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _aspects(summaries: list[dict[str, Any]]) -> str:
    return ", ".join(_words(each["aspect"]) for each in summaries[:SHOWN_NAMES]) or "nothing yet"


def _words(name: str) -> str:
    return name.replace("_", " ")
