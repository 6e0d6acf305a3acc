"""The trend of a job: which days it compares, what it warns of, and what it leaves out."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.clients import Caller
from tests.factories import ReviewFactory
from tests.workers.jobs.review_sentiment.steps import BLAME, PRAISE, product, result_of, run, write
from workers.jobs.review_sentiment.windows import EARLIEST, Days

pytestmark = pytest.mark.django_db

NEWEST = datetime(2026, 3, 31, 12, tzinfo=UTC)


def spread(who: Caller, sku: str, good: int, bad: int, days_ago: int) -> None:
    """So many reviews of each kind, on one day."""
    write(who, sku, *[PRAISE] * good, *[BLAME] * bad, created_at=NEWEST - timedelta(days=days_ago))


def trend_of(result: dict[str, Any], sku: str) -> dict[str, Any]:
    [trend] = [each["trend"] for each in result["skus"] if each["sku"] == sku]
    found: dict[str, Any] = trend
    return found


def test_a_sku_that_has_become_worse_raises_an_alert_and_comes_first(owner: Caller) -> None:
    spread(owner, "STEADY", 30, 2, 0)
    spread(owner, "STEADY", 30, 2, 40)
    spread(owner, "WORSE", 8, 12, 0)
    spread(owner, "WORSE", 18, 2, 40)
    result = result_of(run(owner))
    assert result["windows"] == {
        "first_day": "2026-03-02",
        "last_day": "2026-03-31",
        "previous_first_day": "2026-01-31",
        "previous_last_day": "2026-03-01",
    }
    assert [each["sku"] for each in result["skus"]] == ["WORSE", "STEADY"]
    trend = trend_of(result, "WORSE")
    assert (trend["direction"], trend["negative_share"], trend["previous_negative_share"]) == ("worse", 0.6, 0.1)
    assert (trend["review_count"], trend["previous_review_count"], trend["previous_mean_rating"]) == (20, 20, 4.0)
    assert trend["mean_score"] < trend["previous_mean_score"]
    assert trend["p_value"] <= trend["q_value"] <= 0.05
    assert trend_of(result, "STEADY")["direction"] == "unclear"
    [of_all, alert] = result["alerts"]
    assert result["alert_count"] == 2
    assert (of_all["sku"], alert["sku"]) == (None, "WORSE")
    assert alert["message"] == (
        "Customers are less content with WORSE: 60 % of 20 reviews are negative, after 10 % of 20 in the window "
        "before."
    )


def test_a_sku_that_has_become_better_raises_none(owner: Caller) -> None:
    spread(owner, "A", 18, 2, 0)
    spread(owner, "A", 8, 12, 40)
    result = result_of(run(owner))
    assert (trend_of(result, "A")["direction"], result["alerts"]) == ("better", [])


def test_a_few_bad_reviews_raise_no_alert(owner: Caller) -> None:
    spread(owner, "A", 0, 4, 0)
    spread(owner, "A", 20, 0, 40)
    result = result_of(run(owner))
    trend = trend_of(result, "A")
    assert (trend["direction"], trend["p_value"], result["alerts"]) == ("too_few", None, [])


def test_reviews_of_earlier_jobs_count_and_undated_ones_do_not(owner: Caller) -> None:
    spread(owner, "A", 18, 2, 40)
    run(owner)
    spread(owner, "A", 8, 12, 0)
    write(owner, "A", *[PRAISE] * 50, created_at=None)
    result = result_of(run(owner))
    trend = trend_of(result, "A")
    assert (trend["review_count"], trend["previous_review_count"], trend["direction"]) == (20, 20, "worse")
    assert result["overall"]["review_count"] == 90


def test_since_compares_the_time_from_then_with_as_much_before_it(owner: Caller) -> None:
    spread(owner, "A", 18, 2, 15)
    run(owner)
    spread(owner, "A", 8, 12, 2)
    result = result_of(run(owner, since="2026-03-22"))
    assert result["windows"] == {
        "first_day": "2026-03-22",
        "last_day": "2026-03-29",
        "previous_first_day": "2026-03-14",
        "previous_last_day": "2026-03-21",
    }
    assert trend_of(result, "A")["direction"] == "worse"
    assert result["overall"]["review_count"] == 20


def test_without_any_date_there_is_no_trend(owner: Caller) -> None:
    write(owner, "A", PRAISE, created_at=None)
    result = result_of(run(owner))
    assert (result["windows"], result["overall"]["trend"], result["skus"][0]["trend"]) == (None, None, None)


def test_a_review_that_is_dated_far_ahead_does_not_move_the_windows(owner: Caller) -> None:
    spread(owner, "A", 1, 0, 0)
    ReviewFactory(product=product(owner, "A"), created_at=datetime(2262, 1, 1, tzinfo=UTC))
    assert result_of(run(owner))["windows"]["last_day"] == "2026-03-31"


def test_days_are_those_of_the_tenants_time_zone(owner: Caller) -> None:
    owner.tenant.timezone = "Pacific/Auckland"
    owner.tenant.save()
    write(owner, "A", PRAISE, created_at=datetime(2026, 3, 31, 11, tzinfo=UTC))
    assert result_of(run(owner))["windows"]["last_day"] == "2026-04-01"


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),
    st.none() | st.dates(),
    st.sampled_from(["UTC", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_windows_are_equally_long_and_bounded(moment: datetime, since: date | None, zone: str) -> None:
    days = Days.up_to(moment.replace(tzinfo=UTC), since, ZoneInfo(zone))
    assert days.end - days.start == days.start - days.before >= timedelta(0)
    assert since is None or days.start in (days.end, max(since, EARLIEST))
    before, start, end = days.moments().values()
    assert before <= start <= end
