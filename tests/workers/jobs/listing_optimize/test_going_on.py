"""A run that ends early is gone on with: what is stored is not computed again, by rules as with an assistant."""

from collections import Counter
from collections.abc import Callable, Collection

import pytest
from django.utils.timezone import now

from aijobs.engine import lifecycle
from tests import engine
from tests.clients import Caller
from tests.workers.assistants.providers import configure
from tests.workers.assistants.server import FakeProvider
from tests.workers.changes.jobs import result_of, run, run_again
from tests.workers.jobs.listing_optimize.steps import GOOD, dispatched, only, optimised, says, sell
from workers.catalogue.models import Listing
from workers.changes.models import StoredPart
from workers.jobs.listing_optimize import proposing
from workers.jobs.listing_optimize.drafting import Draft, draft
from workers.listings.rulebook import Rules
from workers.listings.shapes import Field, Material
from workers.running import execute

pytestmark = pytest.mark.django_db

SKUS = ("A", "B", "C", "D", "E")


class Computed(Counter[str]):
    """How often each listing was computed. `before` is told each SKU whose turn it is."""

    before: Callable[[str], object] = staticmethod(lambda sku: None)

    def draft(self, sku: str, material: Material, rules: Rules, names: Collection[Field]) -> Draft:
        self.before(sku)
        self[sku] += 1
        return draft(sku, material, rules, names)


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> Computed:
    """In chunks of two."""
    computed = Computed()
    monkeypatch.setattr(proposing, "draft", computed.draft)
    monkeypatch.setattr(proposing, "CHUNK", 2)
    return computed


@pytest.fixture
def seller(owner: Caller) -> Caller:
    for sku in SKUS:
        sell(owner.tenant, sku)
    return owner


def test_a_run_whose_time_is_over_is_gone_on_with(
    seller: Caller, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = optimised(seller, *SKUS)
    computed.clear()
    monkeypatch.setattr(proposing, "WORK_SECONDS", -1.0)
    job_id = dispatched(seller, *SKUS)
    runs = [run(job_id), *(run_again(job_id) for _ in SKUS[2:])]
    assert [(each.status, each.failures) for each in runs] == [("queued", 0)] * 4
    assert StoredPart.objects.filter(job=job_id).count() == 4
    assert result_of(run_again(job_id)) == whole
    assert computed == Counter(SKUS)
    assert not StoredPart.objects.exists()


def test_a_run_that_breaks_loses_a_chunk_at_most(seller: Caller, computed: Computed) -> None:
    breaks = ["D"]

    def broken(sku: str) -> None:
        if sku in breaks:
            breaks.clear()
            raise MemoryError

    computed.before = broken
    job_id = dispatched(seller, *SKUS)
    assert run(job_id).status == "queued"
    assert [each["sku"] for each in result_of(run_again(job_id))["listings"]] == list(SKUS)
    assert computed == Counter({"A": 1, "B": 1, "C": 2, "D": 1, "E": 1})


def test_a_run_that_lost_its_job_stores_nothing(seller: Caller, computed: Computed) -> None:
    job_id = dispatched(seller, *SKUS)
    lost = engine.start(job_id)
    computed.before = lambda sku: lifecycle.hand_back(engine.WORKER) if sku == "C" else None
    execute(lost)
    computed.before = lambda sku: None
    assert [[each["sku"] for each in stored.part["listings"]] for stored in StoredPart.objects.all()] == [["A", "B"]]
    assert result_of(run_again(job_id))["processed_count"] == len(SKUS)
    assert computed == Counter({"A": 1, "B": 1, "C": 2, "D": 2, "E": 1})


def test_with_all_another_jobs_turn_adds_nothing(
    seller: Caller, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposing, "WORK_SECONDS", -1.0)
    job_id = dispatched(seller, limit=2)
    run(job_id)
    Listing.objects.filter(product__sku="A").update(optimised_at=now())
    result = result_of(run_again(job_id))
    assert [each["sku"] for each in result["listings"]] == ["A", "B"]
    assert computed == Counter("AB")


def test_what_an_assistant_wrote_is_stored_and_its_cost_is_of_all_runs(
    seller: Caller, provider: FakeProvider, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(seller, provider)
    says(provider, GOOD)
    monkeypatch.setattr(proposing, "WORK_SECONDS", -1.0)
    job_id = dispatched(seller, "A", "B", assistant="openai")
    first = run(job_id)
    asked = len(provider.requests)
    result = result_of(run_again(job_id))
    assert (first.status, asked, len(provider.requests)) == ("queued", 1, 2)
    assert [each["source"] for each in result["listings"]] == ["assistant"] * 2
    alone = optimised(seller, "C", assistant="openai")
    assert result["tokens"]["output"] == 2 * alone["tokens"]["output"]
    assert computed == Counter("ABC")


def test_a_listing_that_changed_meanwhile_is_not_written_over(
    seller: Caller, computed: Computed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposing, "WORK_SECONDS", -1.0)
    job_id = dispatched(seller, "A", "B", apply=True)
    run(job_id)
    Listing.objects.filter(product__sku="A").update(title="Imported")
    result = result_of(run_again(job_id))
    assert (result["updated_count"], result["skipped"]) == (1, [{"sku": "A", "reason": "LISTING_CHANGED"}])
    assert only({"listings": result["listings"][:1]})["proposals"][0]["applied"] is False
