"""Tags and metadata: the caller's own, kept as they are, and what lists find jobs by."""

import pytest

from aijobs import filtering
from aijobs.models import Job
from aijobs.states import Priority
from tests import engine
from tests.aijobs.api.answers import PROBE, data_of, error_of, paths_of, run_to_the_end, uuid_of
from tests.clients import Caller

PATH = "/api/ai-jobs"


def found(who: Caller, query: str) -> list[str]:
    return [job["id"] for job in data_of(who.get(f"{PATH}?{query}"))]


def test_they_are_kept_as_they_were_written(owner: Caller) -> None:
    sent = {"tags": ["nightly", "brand a", "größe,xl"], "metadata": {"z": 1, "a": [1.5, None, "ü"]}}
    job = owner.dispatch(**sent)
    assert {name: job[name] for name in sent} == sent
    text = owner.get(f"{PATH}/{job['id']}").content.decode()
    assert '"metadata":{"z":1,"a":[1.5,null,"ü"]}' in text
    assert {name: data_of(owner.get(PATH))[0][name] for name in sent} == sent


def test_a_job_without_them_says_so(owner: Caller) -> None:
    job = owner.dispatch()
    assert (job["tags"], job["metadata"]) == ([], None)
    assert data_of(owner.get(f"{PATH}/{job['id']}"))["metadata"] is None
    assert data_of(owner.get(f"{PATH}/{owner.dispatch(metadata={})['id']}"))["metadata"] == {}


def test_each_job_of_a_batch_has_its_own(owner: Caller) -> None:
    jobs = [{**PROBE, "tags": ["a"]}, PROBE, {**PROBE, "metadata": {"n": 3}}]
    batch = data_of(owner.post(f"{PATH}/batch", {"jobs": jobs}), 201)
    shown = data_of(owner.get(f"{PATH}/batch/{batch['batch_id']}"))["jobs"]
    assert [(job["tags"], job["metadata"]) for job in shown] == [(["a"], None), ([], None), ([], {"n": 3})]


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "twice": ({"tags": ["a"] * 2}, "tags"),
    "eleven": ({"tags": [str(number) for number in range(11)]}, "tags"),
    "text": ({"tags": "a"}, "tags"),
    "empty": ({"tags": [""]}, "tags.0"),
    "space": ({"tags": [" a"]}, "tags.0"),
    "line": ({"tags": ["a", "b\n"]}, "tags.1"),
    "long": ({"tags": ["a" * 65]}, "tags.0"),
    "null": ({"tags": None}, "tags"),
    "list": ({"metadata": []}, "metadata"),
    "large": ({"metadata": {"a": "x" * 4090}}, "metadata"),
}


def test_others_are_refused(owner: Caller, subtests: pytest.Subtests) -> None:
    for name, (sent, path) in WRONG.items():
        with subtests.test(name):
            assert paths_of(error_of(owner.post(PATH, {**PROBE, **sent}), 422, "INVALID_PARAMS")) == [path]
            in_a_batch = owner.post(f"{PATH}/batch", {"jobs": [PROBE, {**PROBE, **sent}]})
            assert paths_of(error_of(in_a_batch, 422, "INVALID_PARAMS")) == [f"jobs.1.{path}"]


def test_the_largest_are_taken(owner: Caller) -> None:
    tags = [f"{number}".ljust(64, "x") for number in range(10)]
    job = owner.dispatch(tags=tags, metadata={"a": "x" * 4088})
    assert job["tags"] == tags


def test_a_list_is_filtered_by_all_the_tags_that_are_named(owner: Caller, outsider: Caller) -> None:
    both, one = owner.dispatch(tags=["a,b", "c"])["id"], owner.dispatch(tags=["c"])["id"]
    owner.dispatch()
    outsider.dispatch(tags=["c"])
    assert found(owner, "tag=c") == [one, both]
    assert found(owner, "tag=c&tag=a,b") == found(owner, "tag=a%2Cb&tag=a%2Cb") == [both]
    assert found(owner, "tag=a") == found(owner, "tag=C") == []
    run_to_the_end(one)
    assert found(owner, "tag=c&status=completed,failed") == [one]


def test_a_list_is_filtered_by_sku_and_never_by_a_tag_or_a_request_that_is_called_so(owner: Caller) -> None:
    [about] = engine.dispatch(owner.tenant, params={"skus": ["SKU-1", "SKU-2"]})
    owner.post(PATH, {**PROBE, "tags": ["SKU-1"]}, **{"x-request-id": "SKU-1"})
    assert [uuid_of(job_id) for job_id in found(owner, "sku=SKU-1")] == [about]
    assert found(owner, "sku=SKU") == found(owner, "sku=SKU-1&type=test_hasty") == []


def test_a_list_is_filtered_by_the_code_of_a_failure(owner: Caller) -> None:
    failed = owner.dispatch()["id"]
    engine.fail(engine.start(uuid_of(failed)))
    owner.dispatch()
    assert found(owner, "error_code=PROBE_FAILED") == [failed]
    assert found(owner, "error_code=OTHER") == []


@pytest.mark.parametrize("looked_through", [1, 2, 5])
def test_pages_are_whole_whether_jobs_with_a_term_are_near_or_rare(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, looked_through: int
) -> None:
    monkeypatch.setattr(filtering, "LOOKED_THROUGH", looked_through)
    wanted = [owner.dispatch(tags=["rare"], priority=priority)["id"] for priority in ("low", "high", "low")]
    engine.dispatch(owner.tenant, 3, priority=Priority.LOW)
    first = owner.get(PATH, tag="rare", limit=2, priority="low").json()
    assert [job["id"] for job in first["data"]] == [wanted[2], wanted[0]]
    pages, cursor = [], ""
    while True:
        page = owner.get(f"{PATH}?tag=rare&limit=1&status=queued,running{cursor}").json()
        pages += [job["id"] for job in page["data"]]
        if (following := page["pagination"]["next_cursor"]) is None:
            break
        cursor = f"&cursor={following}"
    assert pages == wanted[::-1]


def test_other_filters_are_refused(owner: Caller, subtests: pytest.Subtests) -> None:
    for query, path in (
        ("tag=", "tag"),
        ("tag=%20a", "tag"),
        ("tag=a%00", "tag"),
        ("sku=", "sku"),
        ("sku=a%0A", "sku"),
        ("sku=a&sku=b", "sku"),
        ("error_code=", "error_code"),
        (f"error_code={'A' * 65}", "error_code"),
        ("&".join(f"tag={number}" for number in range(11)), "tag"),
    ):
        with subtests.test(query=query):
            assert paths_of(error_of(owner.get(f"{PATH}?{query}"), 422, "INVALID_FILTER")) == [path]


def test_a_schedules_jobs_have_the_tags_of_its_template(owner: Caller) -> None:
    body = {"name": "s", "interval_seconds": 3600, "job": {**PROBE, "tags": ["nightly"], "metadata": {"a": 1}}}
    schedule = data_of(owner.post(f"{PATH}/schedules", body), 201)
    run = data_of(owner.post(f"{PATH}/schedules/{schedule['id']}/run-now"), 201)
    assert found(owner, f"tag=nightly&schedule_id={schedule['id']}") == [run["job_id"]]
    assert Job.objects.get().tags == ["nightly"]
