"""What the demo of `up` shows of a job of each type: a few lines, whatever the result is."""

import copy
import io
from typing import Any

import pytest
from rich.console import Console

from aijobs import registry
from config.local.demo import DEMOS, Demo
from config.local.showing import Shop

SHOP = Shop({"SKU-001": "Steel Bottle 0.5 l", "SKU-002": "Travel Mug"})


def example(type_: str) -> dict[str, Any]:
    return copy.deepcopy(dict(registry.get(type_).example["result"]))  # type: ignore[call-overload]


def shown(demo: Demo, result: dict[str, Any], width: int = 118) -> str:
    output = io.StringIO()
    demo.show(result, SHOP, Console(file=output, width=width, highlight=False))
    return output.getvalue()


def of(type_: str) -> Demo:
    [demo] = [each for each in DEMOS if each.type == type_]
    return demo


def test_every_type_has_a_demo() -> None:
    types = {each.name for each in registry.all_types() if not each.name.startswith("test_")}
    assert {demo.type for demo in DEMOS} == types


@pytest.mark.parametrize("demo", DEMOS, ids=lambda demo: demo.type)
def test_a_result_is_a_few_lines_in_a_narrow_terminal(demo: Demo) -> None:
    lines = shown(demo, example(demo.type), width=80).splitlines()
    assert 2 <= len(lines) <= 12
    assert all(len(line) <= 80 for line in lines)


def test_reviews_are_counted_and_alerts_told() -> None:
    result = example("review_sentiment")
    text = shown(of("review_sentiment"), result, width=400)
    assert f"{result['overall']['review_count']} reviews: 71 % positive, 10 % neutral, 18 % negative" in text
    assert result["alerts"][0]["message"] in text


def test_of_a_seller_without_reviews_nothing_is_divided() -> None:
    result = example("review_sentiment")
    counts = {name: 0 for name in result["overall"] if name.endswith("_count")}
    result |= {"overall": result["overall"] | counts | {"praised": [], "criticised": []}, "alerts": []}
    assert "0 reviews: 0 % positive" in shown(of("review_sentiment"), result, width=400)


def test_returns_are_told_by_reason_and_by_what_stands_out() -> None:
    result = example("return_classify")
    text = shown(of("return_classify"), result, width=600)
    assert result["reasons"][0]["reason"].replace("_", " ") in text
    assert result["anomalies"][0]["sentence"] in text


def test_words_of_others_are_no_markup() -> None:
    result = example("return_classify")
    result["anomalies"][0]["sentence"] = "SKU-[red]1[/red] comes back more often."
    assert "SKU-[red]1[/red] comes back" in shown(of("return_classify"), result, width=400)


def test_the_widest_gap_to_a_competitor_is_named() -> None:
    result = example("competitor_scan")
    result["skus"][0]["summary"]["price_gap_pct"] = 12.3
    text = shown(of("competitor_scan"), result, width=400)
    assert "SKU-001 (Steel Bottle 0.5 l) costs 12 % more than at the cheapest competitor." in text


def test_the_brands_own_share_of_the_mentions_is_beside_the_largest() -> None:
    result = example("llm_visibility_score")
    text = shown(of("llm_visibility_score"), result, width=400)
    assert "openai answered 60 times, to questions that name no brand. 42 % of the answers name Northfield" in text
    assert "a visibility score of 34 of 100." in text
    assert "Northfield has 23 % of all mentions of brands, Hydro Flask 77 %." in text


def test_the_listing_that_gains_most_is_shown_with_its_best_proposal() -> None:
    text = shown(of("listing_optimize"), example("listing_optimize"), width=400)
    assert "1 listings score 64 of 100 on average; with the proposed texts for 1 of them it would be 76." in text
    assert "SKU-001 (Steel Bottle 0.5 l) gains most, 12 points: 12 by its title, " in text
    assert "where “Steel bottle!” becomes “Acme Steel Bottle 0.7 l”." in text


def test_without_listings_nothing_is_divided() -> None:
    result = example("listing_optimize") | {"listings": [], "processed_count": 0, "updated_count": 0}
    assert "0 listings score 0 of 100" in shown(of("listing_optimize"), result, width=400)
