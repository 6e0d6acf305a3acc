"""The list of jobs: what it is narrowed by, how it is searched, its pages, and what its rows say."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from aijobs import identifiers
from aijobs.admin.job_list import JobList
from aijobs.admin.jobs import JobAdmin
from aijobs.auth import TenantAccess
from aijobs.engine import inserting, statistics
from aijobs.engine.inserting import NewJob, Origin
from aijobs.models import Job, Tenant
from aijobs.states import Priority
from tests import engine
from tests.factories import ScheduleFactory, TenantFactory

ADDRESS = "admin:aijobs_job_changelist"
MARKUP = "<script>alert(1)</script>"

Get = Callable[..., "Any"]


@pytest.fixture
def shop(db: None) -> Tenant:
    tenant: Tenant = TenantFactory(name="shop")
    return tenant


@pytest.fixture
def get(admin_client: Client) -> Get:
    """The list, for the parameters or the address of a link on it."""

    def get(address: str = "", **query: str) -> Any:
        answer = admin_client.get(reverse(ADDRESS) + address, query or None)
        assert answer.status_code == 200
        return answer

    return get


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rows instead of a hundred, which are 80 ms of CPU each time they are drawn."""
    monkeypatch.setattr(JobAdmin, "list_per_page", 4)


def ids(answer: Any) -> list[UUID]:
    return [job.id for job in answer.context["cl"].result_list]


def public(job_id: UUID) -> str:
    return identifiers.encode(identifiers.JOB_PREFIX, job_id)


def dispatched(tenant: Tenant, days_ago: float) -> UUID:
    """A job that was created so long ago."""
    moment = now() - timedelta(days=days_ago)
    job = NewJob(identifiers.first_id_at(moment), "test_probe", {}, Priority.NORMAL)
    inserting.insert(TenantAccess.of(tenant), [job], moment)
    return job.id


def row(answer: Any) -> dict[str, str]:
    """The columns of the only row, as text."""
    cells = re.findall(r'<t[dh] class="field-(\w+)[^"]*">(.*?)</t[dh]>', answer.content.decode(), re.DOTALL)
    return {name: unescape(re.sub("<[^>]*>", "", cell)).strip() for name, cell in cells}


def test_the_list_shows_the_last_seven_days_unless_asked(get: Get, shop: Tenant) -> None:
    young, old = dispatched(shop, 6.9), dispatched(shop, 7.1)
    answer = get()
    assert ids(answer) == [young]
    [chip] = answer.context["cl"].chips()
    assert chip.words == "created in the last seven days"
    assert set(ids(get(chip.without))) == {young, old}
    assert get(chip.without).context["cl"].chips() == []
    assert ids(get(created="day")) == []
    assert ids(get(created="nonsense")) == [young]


def test_an_empty_list_offers_jobs_of_any_time(get: Get, shop: Tenant) -> None:
    dispatched(shop, 30)
    answer = get(tenant="shop")
    assert "Look at jobs of any time" in answer.content.decode()
    assert len(ids(get(answer.context["cl"].in_any_time()))) == 1


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("query", [{}, {"tenant": "shop"}, {"q": "shop"}], ids=["all", "tenant", "search"])
def test_pages_go_back_and_forth_without_gaps(get: Get, shop: Tenant, query: dict[str, str]) -> None:
    jobs = engine.dispatch(shop, 10)[::-1]
    first = get(**query)
    assert ids(first) == jobs[:4]
    assert first.context["cl"].newer_address == first.context["cl"].newest_address == ""
    second = get(first.context["cl"].older_address)
    third = get(second.context["cl"].older_address)
    assert (ids(second), ids(third)) == (jobs[4:8], jobs[8:])
    assert third.context["cl"].older_address == ""
    back = get(third.context["cl"].newer_address)
    assert ids(back) == jobs[4:8]
    start = get(back.context["cl"].newer_address)
    assert ids(start) == jobs[:4]
    assert start.context["cl"].newer_address == ""
    assert ids(get(third.context["cl"].newest_address)) == jobs[:4]


def test_a_page_that_is_none_is_not_shown(admin_client: Client) -> None:
    assert admin_client.get(reverse(ADDRESS), {"older": "nonsense"}).status_code == 302


@pytest.mark.usefixtures("short_pages")
def test_another_filter_begins_at_its_newest_page(get: Get, shop: Tenant) -> None:
    engine.dispatch(shop, 5)
    second = get(get().context["cl"].older_address)
    assert all("older" not in chip.without for chip in second.context["cl"].chips())
    assert 'name="older"' not in second.content.decode()


def test_a_page_looks_through_so_many_jobs_and_the_next_goes_on(
    get: Get, shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobList, "most_rows", 4)
    [high] = engine.dispatch(shop, priority=Priority.HIGH)
    engine.dispatch(shop, 9)
    page, pages = get(priority__exact="2"), 1
    while not ids(page):
        assert "The next page goes on from there." in page.content.decode()
        page, pages = get(page.context["cl"].older_address), pages + 1
    assert (ids(page), pages) == ([high], 3)
    assert page.context["cl"].older_address == ""


def test_what_an_index_has_is_shown_at_once(
    get: Get, shop: Tenant, monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    monkeypatch.setattr(JobList, "most_rows", 1)
    [failed, _, _] = engine.dispatch(shop, 3)
    engine.fail(engine.start(failed))
    of_code = {"error_code": "PROBE_FAILED"}, {"q": "PROBE_FAILED"}
    queries: list[dict[str, str]] = [{}, {"status__exact": "failed"}, *of_code, {"tenant": "shop"}]
    for query in queries:
        with subtests.test(query=query):
            answer = get(**query)
            assert failed in ids(answer)
            assert not answer.context["cl"].looked_to


FILTERS: list[tuple[dict[str, str], set[str]]] = [
    ({"status__exact": "failed"}, {"failed"}),
    ({"status__exact": "queued"}, {"queued", "high"}),
    ({"status__exact": "queued", "tenant": "shop"}, {"queued"}),
    ({"priority__exact": "2"}, {"high"}),
    # No priority.
    ({"priority__exact": "7"}, set()),
    ({"type": "test_hasty"}, {"failed"}),
    ({"error_code": "PROBE_FAILED"}, {"failed"}),
    ({"error_code": "PROBE_FAILED", "tenant": "other"}, set()),
    ({"tenant": "other"}, {"high"}),
    ({"tenant": "nobody"}, set()),
]


def test_filters_narrow_the_list(get: Get, shop: Tenant, subtests: pytest.Subtests) -> None:
    [failed] = engine.dispatch(shop, type="test_hasty")
    [queued] = engine.dispatch(shop)
    [high] = engine.dispatch(TenantFactory(name="other"), priority=Priority.HIGH)
    engine.fail(engine.start(failed))
    names = {failed: "failed", queued: "queued", high: "high"}
    for query, wanted in FILTERS:
        with subtests.test(query=query):
            answer = get(**query)
            assert {names[each] for each in ids(answer)} == wanted
            # As chips too, each with a way out.
            assert len(answer.context["cl"].chips()) == 1 + len(query)
            assert ids(get(answer.context["cl"].chips()[0].without)) == ids(answer)


def test_one_box_finds_by_whatever_is_at_hand(get: Get, shop: Tenant) -> None:
    batch_id, members = engine.dispatch_batch(shop, 2)
    [about] = engine.dispatch(shop, params={"skus": ["SKU-1", "SKU-2"]})
    job = NewJob(identifiers.new_id(), "test_probe", {}, Priority.NORMAL)
    first = inserting.FirstAnswer("order 4711", bytes(32), "{}")
    origin = Origin(request_id="req-7")
    inserting.insert(TenantAccess.of(shop), [job], now(), first_answer=first, origin=origin)
    [failed] = engine.dispatch(TenantFactory(name="other"))
    engine.fail(engine.start(failed))

    def found(term: str) -> set[UUID]:
        return set(ids(get(q=term)))

    assert found(f" {public(about)} ") == {about}
    assert found(identifiers.encode(identifiers.BATCH_PREFIX, batch_id)) == set(members)
    assert found("SKU-2") == {about}
    assert found("req-7") == found("order 4711") == {job.id}
    assert found("PROBE_FAILED") == found("other") == {failed}
    assert found("shop") == {about, job.id, *members}
    assert found("SKU") == found("job_nonsense") == set()


def test_a_schedule_and_a_tag_are_searched_for_and_filtered_by(get: Get, shop: Tenant) -> None:
    schedule = ScheduleFactory(tenant=shop)
    own, tagged = (
        NewJob(identifiers.new_id(), "test_probe", {}, Priority.NORMAL, tags=tags) for tags in ([], ["a,b"])
    )
    inserting.insert(TenantAccess.of(shop), [own], now(), origin=Origin(schedule_id=schedule.id))
    inserting.insert(TenantAccess.of(shop), [tagged], now())
    public_id = identifiers.encode(identifiers.SCHEDULE_PREFIX, schedule.id)
    unknown = identifiers.encode(identifiers.SCHEDULE_PREFIX, identifiers.new_id())
    assert ids(get(q=public_id)) == ids(get(schedule_id=public_id)) == [own.id]
    assert ids(get(q="a,b")) == ids(get(tag="a,b", tenant="shop")) == [tagged.id]
    assert ids(get(q=unknown)) == ids(get(schedule_id=unknown)) == ids(get(tag="a")) == []
    # Whoever acts on all of these acts on no others.
    for query in ({"schedule_id": public_id}, {"tag": "a,b"}):
        [[_, address], *_] = get(**query).context["on_all"]
        assert urlencode(query) in address


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("tenant", [{}, {"tenant": "shop"}], ids=["all", "tenant"])
def test_a_term_is_found_among_the_next_jobs_or_else_by_its_index(
    get: Get, shop: Tenant, monkeypatch: pytest.MonkeyPatch, tenant: dict[str, str]
) -> None:
    monkeypatch.setattr(JobList, "most_rows", 5)
    old = engine.dispatch(shop, 2, params={"skus": ["RARE"]})
    common = engine.dispatch(shop, 9, params={"skus": ["COMMON"]})[::-1]
    assert ids(get(q="RARE", **tenant)) == old[::-1]
    first = get(q="COMMON", **tenant)
    second = get(first.context["cl"].older_address)
    third = get(second.context["cl"].older_address)
    assert [ids(page) for page in (first, second, third)] == [common[:4], common[4:8], common[8:]]
    assert ids(get(third.context["cl"].newer_address)) == common[4:8]
    assert third.context["cl"].older_address == ""


def test_an_id_is_found_whatever_else_the_list_is_narrowed_by(get: Get, shop: Tenant) -> None:
    old = dispatched(shop, 300)
    answer = get(q=public(old), tenant="nobody", status__exact="failed")
    assert ids(answer) == [old]
    assert [chip.words for chip in answer.context["cl"].chips()] == [f"“{public(old)}”"]


def test_a_search_says_what_it_looked_for_and_what_is_not_searched(get: Get, shop: Tenant) -> None:
    page = get(q="shop").content.decode()
    assert "The service looked for jobs of this tenant." in page
    assert "neither what else the params say nor results are searched" in page
    page = get(q=MARKUP).content.decode()
    assert "The service looked for jobs that name this SKU" in page
    assert MARKUP not in page


def test_a_row_says_why_about_what_and_how_long(get: Get, shop: Tenant) -> None:
    [job_id] = engine.dispatch(shop, params={"skus": ["A", "B", "C"]})
    assert row(get())["waiting"].endswith(" ms") or row(get())["waiting"].endswith(" s")
    engine.fail(engine.start(job_id))
    started = now() - timedelta(seconds=100)
    ended = started + timedelta(seconds=100)
    times = {"run_after": started - timedelta(seconds=4), "started_at": started, "completed_at": ended}
    Job.objects.filter(id=job_id).update(**times)
    assert row(get()) == {
        "state": "failed",
        "why": "PROBE_FAILED, failed once",
        "type": "test_probe",
        "subject": "A + 2",
        "attempt": "1",
        "waiting": "4.0 s",
        "running": "1 min 40 s",
        "tenant": "shop",
        "public_id": public(job_id),
    }
    # No counts and totals.
    assert "1 result" not in get().content.decode()


def test_a_row_says_that_it_is_about_all_products(get: Get, shop: Tenant) -> None:
    wanted: list[tuple[dict[str, object], str]] = [
        ({"all": True, "marketplace": "amazon_us"}, "all products of amazon_us"),
        ({"all": True, "marketplace": "ebay", "limit": 200}, "all products of ebay, at most 200"),
        ({"all": False, "marketplace": "ebay"}, "-"),
        ({"all": True, "marketplace": MARKUP}, f"all products of {MARKUP}"),
    ]
    for params, _ in wanted:
        engine.dispatch(shop, params=params)
    page = get().content.decode()
    cells = re.findall(r'<td class="field-subject">(.*?)</td>', page)
    assert [unescape(cell) for cell in cells] == [said for _, said in reversed(wanted)]
    assert MARKUP not in page


def test_what_callers_sent_is_text(get: Get, shop: Tenant) -> None:
    [job_id] = engine.dispatch(shop, params={"skus": [MARKUP]}, type="gone")
    Job.objects.filter(id=job_id).update(status="failed", error_code=MARKUP, failures=1, type=MARKUP[:64])
    page = get()
    assert MARKUP not in page.content.decode()
    assert row(page)["subject"] == MARKUP
    assert row(page)["why"].startswith(MARKUP)


@pytest.mark.usefixtures("short_pages")
def test_a_list_asks_few_questions(
    get: Get, shop: Tenant, django_assert_num_queries: DjangoAssertNumQueries, subtests: pytest.Subtests
) -> None:
    """Session, user, what the sweeper measured, and the rows; two more, past Django's cursor, explain those."""
    engine.dispatch(shop, 5, params={"skus": ["SKU-1"]})
    asked: list[tuple[dict[str, str], int]] = [
        ({}, 4),
        # The tenant, by its name.
        ({"tenant": "shop"}, 5),
        # How far the page may look.
        ({"status__exact": "queued"}, 5),
        ({"error_code": "PROBE_FAILED"}, 3),
        # Whether it is an error code, whether it is a tenant, and how far to look before its index is asked.
        ({"q": "SKU-1"}, 7),
        ({"q": "shop"}, 5),
    ]
    for query, queries in asked:
        statistics.forget()
        with subtests.test(query=query), django_assert_num_queries(queries):
            get(**query)
