"""Every job type has pictures of its results, and the web process draws them without what handlers need."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from aijobs import registry
from aijobs.admin.drawing import draw
from aijobs.presenting import Chart, Difference, Picture
from aijobs.registry import JobType, Params, Result

OFFERED = [kind for kind in registry.all_types() if not kind.name.startswith("test_")]
ALL = pytest.mark.parametrize("kind", OFFERED, ids=lambda kind: kind.name)

TITLES = {
    "competitor_scan": ["Offers for SKU-001: what the buyer pays"],
    "listing_optimize": ["Scores from 0 to 100, before and with all proposals"],
    "llm_visibility_score": [
        "Visibility score from 0 to 100, with its 95 % interval",
        "Answers that name the brand, in per cent",
        "Share of voice in per cent",
    ],
    "pricing_recalculate": ["Price ladder: the change in per cent"],
    "return_classify": ["Reasons, by returned units", "Return rates in per cent, with their 95 % intervals"],
    "review_sentiment": [
        "Labels of the reviews, in per cent",
        "Negative reviews in per cent: 2026-01-12 to 2026-02-10, then 2026-02-11 to 2026-03-12",
    ],
}


def pictures(name: str) -> list[Picture]:
    kind = registry.get(name)
    return registry.present(kind, json.dumps(kind.example["result"]))


@ALL
def test_a_result_has_its_pictures(kind: JobType[Params, Result]) -> None:
    found = pictures(kind.name)
    titles = [each.title for each in found if isinstance(each, Chart)]
    assert titles == TITLES[kind.name]
    assert draw(found)


def test_a_price_ladder_says_what_each_step_is() -> None:
    [chart] = pictures("pricing_recalculate")
    assert isinstance(chart, Chart)
    assert [(row.label, row.says) for row in chart.rows] == [
        ("SKU-001", "14.99 → 13.49 (-10.0 %), held by max_change"),
        ("SKU-002", "8.99 → 8.99 (+0.0 %)"),
    ]
    [bar] = chart.rows[0].bars
    assert (round(bar.start, 1), bar.end, bar.tone) == (-10.0, 0.0, "bad")


def test_proposals_are_shown_word_by_word() -> None:
    differences = [each for each in pictures("listing_optimize") if isinstance(each, Difference)]
    kind = registry.get("listing_optimize")
    result = json.loads(json.dumps(kind.example["result"]))
    proposals = [proposal for listing in result["listings"] for proposal in listing["proposals"]]
    assert [[text for _, text in each.parts] for each in differences] == [
        [part["text"] for part in proposal["diff"]] for proposal in proposals
    ]


def test_sentiment_over_time_goes_from_the_window_before_to_this_one() -> None:
    row = pictures("review_sentiment")[1].rows[0]  # type: ignore[union-attr]
    assert row.says == "9.8 % → 41.7 %, worse"
    assert [(round(bar.start, 1), round(bar.end, 1), bar.tone) for bar in row.bars] == [(9.8, 41.7, "bad")]


def test_a_result_of_another_release_is_refused() -> None:
    with pytest.raises(ValidationError):
        registry.present(registry.get("pricing_recalculate"), '{"other": 1}')


def test_a_type_without_a_presenter_has_no_pictures() -> None:
    assert registry.present(registry.get("test_probe"), "{}") == []


def test_presenters_load_nothing_that_only_handlers_need() -> None:
    program = (
        "import sys, django; django.setup()\n"
        "from aijobs import registry\n"
        "from django.utils.module_loading import import_string\n"
        "[import_string(kind.present) for kind in registry.all_types() if kind.present]\n"
        "print([name for name in ('numpy', 'lxml', 'onnxruntime', 'openai') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
