"""GET /api/ai-jobs"""

import json
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import strategies as st

from aijobs import auth, filtering, identifiers, registry
from aijobs.api import documents
from aijobs.api.job_filters import read_filter
from aijobs.api.wire import pagination
from aijobs.models import Job, Tenant
from aijobs.states import Priority, Status
from tests import engine
from tests.aijobs.api.answers import NO_BATCH, PROBE, data_of, error_of, paths_of, run_to_the_end, uuid_of
from tests.clients import Caller, caller
from tests.drawing import draws
from tests.factories import TenantFactory

PATH = "/api/ai-jobs"


def ids(response: Any) -> list[str]:
    return [job["id"] for job in data_of(response)]


def dispatch(who: Caller, count: int) -> list[str]:
    return [identifiers.encode("job_", job_id) for job_id in engine.dispatch(who.tenant, count)]


def job(tenant: Tenant, moment: datetime) -> Job:
    """As if it had been dispatched at that moment; not stored yet."""
    random = identifiers.new_id().int & (2**80 - 1)
    return Job(
        id=UUID(int=identifiers.first_id_at(moment).int | random),
        tenant=tenant,
        type="test_probe",
        params={},
        created_at=moment,
        priority=Priority.NORMAL,
        lane=Priority.NORMAL,
        status="queued",
        run_after=moment,
    )


def job_at(tenant: Tenant, moment: datetime) -> str:
    made = job(tenant, moment)
    made.save(force_insert=True)
    return made.public_id


def test_newest_first(owner: Caller, teammate: Caller) -> None:
    dispatched = dispatch(owner, 3)
    assert ids(owner.get(PATH)) == ids(teammate.get(PATH)) == dispatched[::-1]


def test_outsider_sees_only_its_own(owner: Caller, outsider: Caller) -> None:
    owner.dispatch()
    own = outsider.dispatch()
    assert ids(outsider.get(PATH)) == [own["id"]]


def test_an_empty_list_is_a_page(owner: Caller) -> None:
    assert owner.get(PATH).json() == {"data": [], "pagination": {"next_cursor": None, "has_more": False}}


def test_params_and_result_are_left_out_unless_asked_for(owner: Caller) -> None:
    job = owner.dispatch(params={"label": "a"})
    run_to_the_end(job["id"], {"label": "a", "slept": 0})

    def shown(**query: str) -> dict[str, Any]:
        (found,) = data_of(owner.get(PATH, **query))
        return {name: found[name] for name in ("params", "result") if name in found}

    params, result = {"params": {"label": "a"}}, {"result": {"label": "a", "slept": 0}}
    assert shown() == {}
    assert shown(include="params") == params
    assert shown(include="result") == result
    assert shown(include="params,result") == params | result


def pages_of(owner: Caller, path: str, **query: str | int) -> list[list[str]]:
    """The ids of each page, to the end."""
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = owner.get(path, **query, **cursor).json()
        pages.append([each["id"] for each in page["data"]])
        if not page["pagination"]["has_more"]:
            return pages
        cursor = {"cursor": page["pagination"]["next_cursor"]}


def test_a_page_has_no_more_results_than_fit(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """However well they are packed where they are stored."""
    jobs = [owner.dispatch()["id"] for _ in range(5)]
    for job, length in zip(jobs, (10, 6_000, 3_000, 3_000, 20_000), strict=True):
        run_to_the_end(job, {"text": "x" * length})
    monkeypatch.setattr(pagination, "MOST_BYTES", 10_000)
    monkeypatch.setattr(documents, "SMALL_BYTES", 50)
    oldest, long, *two, longest = jobs
    assert pages_of(owner, PATH, include="result") == [[longest], two[::-1], [long, oldest]]
    assert pages_of(owner, PATH, include="result", limit=1) == [[each] for each in reversed(jobs)]
    assert pages_of(owner, PATH, include="result", status="completed", tag="none") == [[]]
    # What is not shown does not count.
    assert pages_of(owner, PATH, include="params") == pages_of(owner, PATH) == [jobs[::-1]]
    monkeypatch.setattr(documents, "SMALL_BYTES", 10**9)
    monkeypatch.setattr(pagination, "MOST_BYTES", 1)
    assert pages_of(owner, PATH, include="params,result") == [[each] for each in reversed(jobs)]


def test_the_list_does_not_read_what_it_leaves_out(owner: Caller, django_assert_max_num_queries: Any) -> None:
    dispatch(owner, 5)
    owner.get(PATH)
    with django_assert_max_num_queries(1) as captured:
        assert len(ids(owner.get(PATH))) == 5
    assert '"params"' not in captured[0]["sql"]
    assert '"result"' not in captured[0]["sql"]


def test_limit(owner: Caller) -> None:
    dispatched = dispatch(owner, 4)
    assert ids(owner.get(PATH, limit=3)) == dispatched[:0:-1]
    assert len(ids(owner.get(PATH, limit=200))) == 4


def test_fifty_unless_another_limit_is_asked_for(owner: Caller) -> None:
    dispatch(owner, 51)
    response = owner.get(PATH)
    assert len(ids(response)) == 50
    assert response.json()["pagination"]["has_more"] is True


WRONG = [
    *[("limit", text) for text in ("0", "201", "-1", "1.0", "abc", "１", "1e1", "", " 5", "99999999999999999999")],
    *[("status", text) for text in ("done", "QUEUED", "", "queued,", ",", "queued,done", "null", "queued failed")],
    *[("type", text) for text in ("nothing", "test_probe,nothing", "", "test_probe,", "a\0b")],
    *[("priority", text) for text in ("urgent", "1", "", "low,high", "\0")],
    *[("batch_id", text) for text in ("nonsense", "", "job_01JQZ4X5M8N9P0Q1R2S3T4V5W6", "batch_01HX...", "\0")],
    *[("include", text) for text in ("everything", "", "params,", "params result")],
    *[("cursor", text) for text in ("garbage", "", "????", "é", "am9i", "\0", "A" * 5000)],
    *[
        (name, text)
        for name in ("start_date", "end_date")
        for text in (
            "",
            "yesterday",
            "2026-02-30",
            "2026-13-01",
            "2026-1-1",
            "20260312",
            "2026-03-12T25:00:00Z",
            "2026-03-12T14:32:60Z",
            "2026-03-12T14:32:01+25:00",
            "2026-03-12T",
            "２０２６-03-12",
            "0000-01-01",
            "-2026-03-12",
            "10000-01-01",
            "2026-03-12\0",
            "1773325921",
        )
    ],
    *[(name, "1") for name in ("page", "Limit", "order_by", "id__gt", "tenant")],
]


def test_a_bad_filter_value_is_refused(owner: Caller, subtests: pytest.Subtests) -> None:
    owner.dispatch()
    for name, text in WRONG:
        with subtests.test(name=name, text=text):
            assert paths_of(error_of(owner.get(PATH, **{name: text}), 422, "INVALID_FILTER")) == [name]


def test_a_parameter_given_twice_is_refused(owner: Caller) -> None:
    assert paths_of(error_of(owner.get(f"{PATH}?limit=1&limit=2"), 422, "INVALID_FILTER")) == ["limit"]


def test_all_wrong_filters_are_named_at_once(owner: Caller) -> None:
    error = error_of(owner.get(PATH, status="x", type="y"), 422, "INVALID_FILTER")
    assert sorted(paths_of(error)) == ["status", "type"]
    said = {each["path"]: each["message"] for each in error["details"]}
    assert said["status"] == "x is not valid. Use queued, running, completed, failed, cancelled"


@pytest.mark.parametrize("query", ["status=queued,completed", "status=queued&status=completed"])
def test_several_statuses(owner: Caller, query: str) -> None:
    completed, running, queued = (owner.dispatch()["id"] for _ in range(3))
    run_to_the_end(completed)
    engine.start(uuid_of(running))
    assert ids(owner.get(PATH, status="running")) == [running]
    assert ids(owner.get(f"{PATH}?{query}")) == [queued, completed]


def test_several_types(owner: Caller) -> None:
    probe = owner.dispatch()["id"]
    hasty = owner.dispatch(type="test_hasty")["id"]
    assert ids(owner.get(PATH, type="test_probe")) == [probe]
    assert ids(owner.get(PATH, type="test_probe,test_hasty")) == [hasty, probe]
    assert ids(owner.get(PATH, type="pricing_recalculate")) == []


def test_priority(owner: Caller) -> None:
    low, high = (owner.dispatch(priority=priority)["id"] for priority in ("low", "high"))
    assert ids(owner.get(PATH, priority="low")) == [low]
    assert ids(owner.get(PATH, priority="high")) == [high]
    assert ids(owner.get(PATH, priority="normal")) == []


def test_batch_id(owner: Caller, outsider: Caller) -> None:
    owner.dispatch()
    batch = data_of(owner.post(f"{PATH}/batch", {"jobs": [PROBE, PROBE]}), 201)
    assert ids(owner.get(PATH, batch_id=batch["batch_id"])) == [job["id"] for job in batch["jobs"]][::-1]
    assert ids(owner.get(PATH, batch_id=NO_BATCH)) == []
    assert ids(outsider.get(PATH, batch_id=batch["batch_id"])) == []


def test_dates_are_inclusive(owner: Caller) -> None:
    noon = datetime(2026, 3, 12, 12, 0, 0, tzinfo=UTC)
    before, at, after = (job_at(owner.tenant, noon + timedelta(milliseconds=step)) for step in (-1, 0, 1))
    assert ids(owner.get(PATH, start_date="2026-03-12T12:00:00Z")) == [after, at]
    assert ids(owner.get(PATH, end_date="2026-03-12T12:00:00Z")) == [at, before]
    both = {"start_date": "2026-03-12T12:00:00.000Z", "end_date": "2026-03-12T12:00:00.000Z"}
    assert ids(owner.get(PATH, **both)) == [at]


def test_a_bare_date_is_a_whole_day(owner: Caller) -> None:
    first, last, next_day = (
        job_at(owner.tenant, datetime(2026, 3, 12, tzinfo=UTC) + timedelta(milliseconds=step))
        for step in (0, 86_399_999, 86_400_000)
    )
    assert ids(owner.get(PATH, start_date="2026-03-12", end_date="2026-03-12")) == [last, first]
    assert ids(owner.get(PATH, start_date="2026-03-13")) == [next_day]


def test_what_was_created_is_found_by_its_own_created_at(owner: Caller) -> None:
    batch = data_of(owner.post(f"{PATH}/batch", {"jobs": [PROBE] * 20}), 201)
    created_at = data_of(owner.get(f"{PATH}/{batch['jobs'][0]['id']}"))["created_at"]
    assert len(ids(owner.get(PATH, start_date=created_at, end_date=created_at))) == 20


def test_an_hour_that_comes_twice_is_in_a_range_with_both_of_its_times(owner: Caller) -> None:
    Tenant.objects.filter(pk=owner.tenant.pk).update(timezone="Europe/Berlin")
    times = [datetime(2026, 10, 25, hour, 45, tzinfo=UTC) for hour in (0, 1)]
    Job.objects.bulk_create(job(owner.tenant, at) for at in times)
    for name in ("start_date", "end_date"):
        assert len(ids(owner.get(PATH, **{name: "2026-10-25T02:45"}))) == 2


DAYS = [
    ("Europe/Berlin", "2026-03-29", 23),
    ("Europe/Berlin", "2026-10-25", 25),
    ("America/Sao_Paulo", "2018-11-04", 23),  # midnight does not exist
    ("America/Sao_Paulo", "2018-02-17", 25),  # its last hour is there twice
    ("America/Havana", "2026-11-01", 25),  # its first hour is there twice
    ("Asia/Tokyo", "2026-03-12", 24),
]


def test_a_day_is_the_tenants_whatever_its_clocks_do(owner: Caller, subtests: pytest.Subtests) -> None:
    """Of jobs at half past each hour, also of the days around it."""
    jobs = []
    for _, day, _ in DAYS:
        midnight = datetime.fromisoformat(day).replace(tzinfo=UTC, minute=30)
        jobs += [job(owner.tenant, midnight + timedelta(hours=hour)) for hour in range(-14, 40)]
    Job.objects.bulk_create(jobs)
    for zone, day, hours in DAYS:
        with subtests.test(zone=zone, day=day):
            Tenant.objects.filter(pk=owner.tenant.pk).update(timezone=zone)
            auth.cache.clear()
            assert len(ids(owner.get(PATH, start_date=day, end_date=day, limit=200))) == hours


def test_the_ends_of_time_are_no_errors(owner: Caller, subtests: pytest.Subtests) -> None:
    job = owner.dispatch()["id"]
    for zone in ("Asia/Tokyo", "America/New_York", "UTC"):
        with subtests.test(zone=zone):
            Tenant.objects.filter(pk=owner.tenant.pk).update(timezone=zone)
            auth.cache.clear()
            assert ids(owner.get(PATH, start_date="0001-01-01", end_date="9999-12-31")) == [job]
            assert ids(owner.get(PATH, end_date="0001-01-01")) == []
            assert ids(owner.get(PATH, start_date="9999-12-31T23:59:59.999999-12:00")) == []
            assert ids(owner.get(PATH, start_date="0001-01-01T00:00:00+14:00")) == [job]


OF_NOON = [
    "2026-03-12T14:00:00+02:00",
    "2026-03-12T14:00:00 02:00",
    "2026-03-12T12:00Z",
    "2026-03-12t12:00:00.00000000z",
    "2026-03-12 14:00:00+02:00",
    "2026-03-12 14:00:00 02:00",
    "2026-03-12 12:00:00.000000 00:00",
    "2026-03-12 14:00 +0200",
    "2026-03-12 14:00:00  0200",
    "2026-03-12 09:00:00-03:00",
    "2026-03-12 09:00:00 -03:00",
    "2026-03-12 12:00:00 Z",
    "2026-03-12 12:53:28+00:53:28",
]


def test_offsets_are_understood_also_with_an_unescaped_plus(owner: Caller, subtests: pytest.Subtests) -> None:
    noon = datetime(2026, 3, 12, 12, tzinfo=UTC)
    early, exact = job_at(owner.tenant, noon - timedelta(milliseconds=1)), job_at(owner.tenant, noon)
    for text in OF_NOON:
        with subtests.test(text=text):
            assert ids(owner.get(PATH, start_date=text)) == [exact]
            assert ids(owner.get(PATH, end_date=text)) == [exact, early]


ZONES = (
    st.none() | st.timezones() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
)


@draws(50, 1000, st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), ZONES, st.booleans())
def test_a_date_time_is_taken_as_pythons_str_writes_it(local: datetime, zone: tzinfo | None, escaped: bool) -> None:
    moment = local.replace(tzinfo=zone)
    text = str(moment) if escaped else str(moment).replace("+", " ")
    query = QueryDict("start_date=" + (quote(text) if escaped else str(moment)))
    assert query["start_date"] == text
    expected = moment if zone else moment.replace(tzinfo=UTC)
    [rows] = read_filter(query, set(), ZoneInfo("UTC")).apart(Job.objects.all())
    _, (*_, bound) = rows.query.sql_with_params()
    assert bound == identifiers.first_id_at(expected)


def test_what_is_wrong_with_a_date_is_said(owner: Caller, subtests: pytest.Subtests) -> None:
    no_such = "is written correctly, but there is no such day, time or offset"
    no_date = "must be a date (2026-03-12) or a date-time (2026-03-12T14:32:01Z)"
    for text, message in (
        ("2026-02-30", no_such),
        ("2026-02-30 12:00:00+00:00", no_such),
        ("2026-03-12 25:00", no_such),
        ("12.03.2026", no_date),
        ("2026-03-12 14:32:01 Europe/Berlin", no_date),
    ):
        for name in ("start_date", "end_date"):
            with subtests.test(name=name, text=text):
                error = error_of(owner.get(PATH, **{name: text}), 422, "INVALID_FILTER")
                assert error["details"] == [{"path": name, "message": message}]


def test_a_date_time_without_offset_is_the_tenants(owner: Caller) -> None:
    Tenant.objects.filter(pk=owner.tenant.pk).update(timezone="Asia/Tokyo")
    job = job_at(owner.tenant, datetime(2026, 3, 12, 3, tzinfo=UTC))
    for text in ("2026-03-12T12:00:00", "2026-03-12 12:00:00", "2026-03-12 12:00", "2026-03-12 12:00:00.000"):
        assert ids(owner.get(PATH, start_date=text, end_date=text)) == [job]


def test_a_cursor_of_another_list_is_refused(owner: Caller) -> None:
    # As the catalogue's lists give it: another kind of key inside.
    assert paths_of(error_of(owner.get(PATH, cursor="YW1hem9uX3VzH1NLVS0wMDE"), 422, "INVALID_FILTER")) == ["cursor"]


def test_a_page_links_to_the_next_one(owner: Caller) -> None:
    jobs = dispatch(owner, 3)[::-1]
    first = owner.get(PATH, limit=2, status="queued,running")
    address, _, relation = first["Link"].partition("; ")
    assert relation == 'rel="next"'
    last = owner.get(address.strip("<>"))
    assert ids(first) + ids(last) == jobs
    assert "Link" not in last


def test_the_request_id_finds_its_jobs(owner: Caller, outsider: Caller) -> None:
    sent = {"x-request-id": "req:1.a"}
    job = data_of(owner.post(PATH, PROBE, **sent), 201)["id"]
    batch = data_of(owner.post(f"{PATH}/batch", {"jobs": [PROBE] * 2}, **sent), 201)
    outsider.post(PATH, PROBE, **sent)
    # Of other kinds of terms, the same text.
    engine.dispatch(owner.tenant, params={"skus": ["req:1.a"]})
    members = [each["id"] for each in batch["jobs"]]
    assert ids(owner.get(PATH, request_id="req:1.a")) == [*members[::-1], job]
    assert ids(owner.get(PATH, request_id="req:1.a", limit=1, status="queued")) == members[1:]
    assert ids(owner.get(PATH, request_id="req:1")) == []


@pytest.mark.parametrize("wrong", ["a b", "ü", "x" * 129])
def test_a_request_id_of_any_other_form_is_refused(owner: Caller, wrong: str) -> None:
    assert paths_of(error_of(owner.get(PATH, request_id=wrong), 422, "INVALID_FILTER")) == ["request_id"]


def test_another_tenants_cursor_shows_nothing_of_it(owner: Caller, outsider: Caller) -> None:
    dispatch(owner, 3)
    cursor = owner.get(PATH, limit=1).json()["pagination"]["next_cursor"]
    assert ids(outsider.get(PATH, cursor=cursor)) == []


def test_write_does_not_imply_read(owner: Caller) -> None:
    error_of(caller(owner.tenant, scopes=("ai-jobs:write",)).get(PATH), 403, "INSUFFICIENT_SCOPE")


@pytest.mark.django_db
@draws(12, 300, st.integers(1, 12), st.integers(1, 5), st.lists(st.integers(0, 3), max_size=12))
def test_pages_neither_skip_nor_repeat_while_jobs_are_added(start: int, limit: int, added: list[int]) -> None:
    who = caller(TenantFactory())
    present = dispatch(who, start)[::-1]
    seen: list[str] = []
    query: dict[str, str | int] = {"limit": limit}
    while True:
        response = who.get(PATH, **query)
        seen += ids(response)
        if jobs := added.pop() if added else 0:
            dispatch(who, jobs)
        pagination = response.json()["pagination"]
        assert pagination["has_more"] == (pagination["next_cursor"] is not None)
        if not pagination["has_more"]:
            break
        query["cursor"] = pagination["next_cursor"]
    assert seen == present


FILL = """
INSERT INTO aijobs_job (id, tenant_id, type, params, created_at, priority, lane, status, run_after, error_code)
SELECT ('01900000-0000-7000-8000-' || lpad(number::text, 12, '0'))::uuid, %s, 'test_probe', '{}', now(), 1, 1,
    CASE WHEN number > 5000 THEN 'completed' WHEN number %% 2 = 0 THEN 'failed' ELSE 'cancelled' END, now(),
    CASE WHEN number <= 5000 AND number %% 2 = 0 THEN 'USUAL' ELSE '' END
FROM generate_series(1, 10000) number;
ANALYZE aijobs_job;
"""


def test_several_values_and_a_code_cost_a_page_and_not_the_whole_list(owner: Caller) -> None:
    """Of a tenant whose newest jobs are others: neither those nor all that are asked for are read."""
    with connection.cursor() as cursor:
        cursor.execute(FILL, [owner.tenant.pk])
    for query in ({"status": "failed,cancelled"}, {"error_code": "USUAL"}):
        with CaptureQueriesContext(connection) as captured:
            assert len(ids(owner.get(PATH, limit=5, **query))) == 5
        [statement] = [each["sql"] for each in captured if 'FROM "aijobs_job"' in each["sql"]]
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + statement)
            ((found,),) = cursor.fetchall()
        [told] = json.loads(found) if isinstance(found, str) else found
        assert told["Plan"]["Shared Hit Blocks"] + told["Plan"]["Shared Read Blocks"] < 50, query
        assert '"Seq Scan"' not in json.dumps(told), query


def test_a_term_of_all_types_and_statuses_is_looked_for_once(
    owner: Caller, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagged = [owner.dispatch(tags=["nightly"])["id"] for _ in range(3)]
    owner.delete(f"{PATH}/{tagged[1]}")
    dispatch(owner, 3)
    every = {"type": ",".join(kind.name for kind in registry.all_types()), "tag": "nightly"}
    for looked_through in (2, 5_000):
        monkeypatch.setattr(filtering, "LOOKED_THROUGH", looked_through)
        with django_assert_max_num_queries(5):
            assert ids(owner.get(PATH, **every, status=",".join(Status.values))) == tagged[::-1]
        assert ids(owner.get(PATH, **every, status="queued,failed")) == [tagged[2], tagged[0]]


def test_values_that_lie_within_each_other_are_listed_newest_first(owner: Caller) -> None:
    jobs = dispatch(owner, 6)
    for job_id in jobs[::2]:
        owner.delete(f"{PATH}/{job_id}")
    wanted = jobs[::-1]
    first = owner.get(PATH, status="queued,cancelled", limit=4)
    assert ids(first) == wanted[:4]
    cursor = first.json()["pagination"]["next_cursor"]
    assert ids(owner.get(PATH, status="queued,cancelled", limit=4, cursor=cursor)) == wanted[4:]
    assert ids(owner.get(PATH, status="queued,queued")) == jobs[1::2][::-1]


def test_several_values_are_listed_with_their_params(owner: Caller) -> None:
    dispatch(owner, 2)
    jobs = data_of(owner.get(PATH, status="queued,running", include="params,result"))
    assert [job["params"] for job in jobs] == [{}, {}]


def test_a_status_or_type_may_be_named_more_than_once(owner: Caller) -> None:
    job = owner.dispatch()
    several = ",".join(["queued"] * 6), ",".join(["test_probe"] * 101)
    assert [each["id"] for each in data_of(owner.get(PATH, status=several[0], type=several[1]))] == [job["id"]]
