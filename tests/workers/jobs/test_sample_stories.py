"""The sample's stories, as the demo of `up` tells them: the jobs find what is planted, with the real models."""

from typing import Any, cast

import pytest

from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.samples import give_sample_catalogue
from tests.workers.catalogue.steps import MARKETPLACE
from workers.catalogue.models import Return, Review
from workers.catalogue.sampling.shop import BREAKING, FLICKERING, SHRUNK
from workers.running import execute

pytestmark = pytest.mark.django_db


def result_of(seller: Caller, type_: str) -> dict[str, Any]:
    [job_id] = engine.dispatch(seller.tenant, type=type_, params={"all": True, "marketplace": MARKETPLACE})
    execute(engine.start(job_id))
    job = Job.objects.get(id=job_id)
    assert job.result is not None, f"{job.status} {job.error_message}"
    return cast("dict[str, Any]", job.result)


def test_reviews_tell_which_product_has_got_worse_and_why(owner: Caller) -> None:
    give_sample_catalogue(owner.tenant)
    result = result_of(owner, "review_sentiment")
    assert result["processed_count"] == result["updated_count"] == Review.objects.count()
    assert [each["sku"] for each in result["alerts"] if each["sku"]] == [BREAKING]
    [worse] = [each for each in result["skus"] if each["sku"] == BREAKING]
    assert worse["trend"]["direction"] == "worse"
    assert "durability" in [each["aspect"] for each in worse["criticised"]]
    overall = result["overall"]
    assert overall["positive_count"] > overall["negative_count"] > overall["neutral_count"] > 0
    assert all(count > 0 for flag, count in overall["flags"].items() if flag != "no_text")
    assert {each["language"] for each in result["unsupported_languages"]} >= {"de", "fr", "es"}


def test_returns_tell_what_flickers_what_is_too_small_and_who_returns_much(owner: Caller) -> None:
    give_sample_catalogue(owner.tenant)
    result = result_of(owner, "return_classify")
    assert result["processed_count"] == result["updated_count"] == Return.objects.count()
    found = {(each["kind"], each["sku"], each["reason"]) for each in result["anomalies"]}
    assert found >= {("rate_spike", FLICKERING, None), ("rate_spike", FLICKERING, "defective")}
    assert {("rate_spike", SHRUNK, "too_small"), ("reason_shift", SHRUNK, "too_small")} & found
    assert [each["sku"] for each in result["anomalies"] if each["kind"] == "new_defect_cluster"] == [FLICKERING]
    assert [each["kind"] for each in result["anomalies"] if each["customer"]] == ["serial_returner"]
    assert {each["sku"] for each in result["anomalies"]} == {FLICKERING, SHRUNK, None}
    assert len(result["reasons"]) == 15
    assert result["code_contradicted_count"] > 20
