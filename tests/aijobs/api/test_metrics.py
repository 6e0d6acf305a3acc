"""`/metrics`: for whoever has the operator's token, in Prometheus' text format, from the rollup's totals."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now
from prometheus_client.parser import text_string_to_metric_families

from aijobs.engine import statistics
from aijobs.models import BUCKET_BOUNDS, TotalRollup
from aijobs.states import Priority
from tests import engine
from tests.aijobs.api.answers import error_of
from tests.aijobs.engine.test_rollups import buckets_of
from tests.factories import TenantFactory, TotalRollupFactory

TOKEN = "0123456789abcdef0123456789abcdef"
pytestmark = pytest.mark.django_db


@pytest.fixture
def token(settings: Any) -> str:
    settings.AIJOBS_METRICS_TOKEN = TOKEN
    return TOKEN


def samples(client: Client, token: str) -> dict[str, float]:
    """The values by name and labels in their order, read as Prometheus does."""
    response = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    return {
        " ".join([sample.name, *(f"{name}={sample.labels[name]}" for name in sorted(sample.labels))]): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}"}])
def test_without_a_token_of_the_operator_there_is_no_such_page(client: Client, headers: dict[str, str]) -> None:
    error_of(client.get("/metrics", headers=headers), 404, "NOT_FOUND")


@pytest.mark.parametrize("sent", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}ä"])
def test_who_sends_another_token_finds_no_page(client: Client, token: str, sent: str) -> None:
    error_of(client.get("/metrics", headers={"Authorization": sent}), 404, "NOT_FOUND")


def test_a_service_that_has_done_nothing_has_metrics(client: Client, token: str) -> None:
    assert samples(client, token)["aijobs_running_jobs"] == 0


def test_ends_are_counted_by_type_lane_end_and_code(client: Client, token: str) -> None:
    TotalRollupFactory(count=7)
    TotalRollupFactory(end="failed", error_code='A"\n\\', lane=Priority.HIGH, count=2)
    told = samples(client, token)
    assert told["aijobs_jobs_ended_total code= end=completed lane=normal type=test_probe"] == 7
    assert told['aijobs_jobs_ended_total code=A"\n\\ end=failed lane=high type=test_probe'] == 2


def test_histograms_add_up_all_ends_of_a_type_and_lane(client: Client, token: str) -> None:
    times = [0.005, 1.0, 30.0, 100_000.0]
    TotalRollupFactory(running=buckets_of(times[:2]), running_seconds=1.005)
    TotalRollupFactory(end="failed", running=buckets_of(times[2:]), running_seconds=100_030.0)
    told = samples(client, token)
    labels = "lane=normal type=test_probe"
    for bound in BUCKET_BOUNDS[::2]:
        below = sum(seconds < bound for seconds in times)
        assert told[f"aijobs_running_seconds_bucket lane=normal le={bound} type=test_probe"] == below
    assert told["aijobs_running_seconds_bucket lane=normal le=+Inf type=test_probe"] == 4
    assert told[f"aijobs_running_seconds_count {labels}"] == 4
    assert told[f"aijobs_running_seconds_sum {labels}"] == pytest.approx(100_031.005)
    assert told[f"aijobs_waiting_seconds_count {labels}"] == 0


def test_the_queue_is_what_was_measured_last(client: Client, token: str) -> None:
    tenant = TenantFactory()
    ids = engine.dispatch(tenant, 3)
    engine.dispatch(tenant, 1, priority=Priority.HIGH)
    engine.let_wait(ids[:1], 600)
    engine.start(ids[1])
    statistics.refresh()
    told = samples(client, token)
    assert told["aijobs_queue_depth lane=normal"] == 2
    assert told["aijobs_queue_depth lane=low"] == 0
    assert told["aijobs_active_jobs"] == 4
    assert (told["aijobs_running_jobs"], told["aijobs_busy_workers"]) == (1, 1)
    due = datetime.fromtimestamp(told["aijobs_oldest_due_timestamp_seconds lane=normal"], UTC)
    assert now() - due == pytest.approx(timedelta(seconds=600), abs=timedelta(seconds=60))
    assert "aijobs_oldest_due_timestamp_seconds lane=low" not in told
    measured = datetime.fromtimestamp(told["aijobs_measured_timestamp_seconds"], UTC)
    assert now() - measured < timedelta(minutes=1)


def test_what_a_suspended_tenant_waits_for_is_not_due(client: Client, token: str) -> None:
    engine.dispatch(TenantFactory(suspended_at=now()))
    statistics.refresh()
    assert "aijobs_oldest_due_timestamp_seconds lane=normal" not in samples(client, token)


def test_a_scrape_asks_little(client: Client, token: str, django_assert_num_queries: Any) -> None:
    TotalRollupFactory()
    # Beside one of the engine's own, which Django does not count.
    with django_assert_num_queries(2):
        samples(client, token)
    assert TotalRollup.objects.count() == 1
