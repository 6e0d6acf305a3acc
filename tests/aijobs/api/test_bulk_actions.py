"""/api/ai-jobs/bulk"""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils.timezone import now

from aijobs import bulk, identifiers
from aijobs.errors import TooManyBulkActions
from aijobs.filtering import JobFilter
from aijobs.models import BulkAction, IdempotencyKey, Job
from aijobs.states import BulkKind
from tests import engine
from tests.aijobs.api.answers import NO_BULK, PROBE, at_once, data_of, error_of, paths_of, patiently
from tests.clients import Caller, caller

PATH = "/api/ai-jobs/bulk"
pytestmark = pytest.mark.django_db
CANCEL = {"action": "cancel", "filter": {"type": ["test_probe"]}}


def ask(owner: Caller, **changes: object) -> dict[str, Any]:
    found: dict[str, Any] = data_of(owner.post(PATH, {**CANCEL, **changes}), 201)
    # As if it had been asked for after the jobs, which may be of this millisecond.
    BulkAction.objects.update(until=identifiers.new_id())
    return found


def test_it_is_asked_for_watched_and_done(owner: Caller, outsider: Caller) -> None:
    ids = engine.dispatch(owner.tenant, 3)
    others = engine.dispatch(outsider.tenant)
    response = owner.post(PATH, CANCEL)
    asked = data_of(response, 201)
    assert response["Location"] == f"{PATH}/{asked['id']}"
    assert asked == {
        "id": asked["id"],
        "action": "cancel",
        "priority": None,
        "filter": {"type": ["test_probe"], "status": ["queued", "running"]},
        "status": "running",
        "expected": 3,
        "done": 0,
        "refused": {},
        "looked_at_until": None,
        "message": None,
        "requested_by": owner.key[:12],
        "created_at": asked["created_at"],
        "finished_at": None,
        "stopped_by": None,
    }
    assert data_of(owner.get(response["Location"])) == asked
    BulkAction.objects.update(until=identifiers.new_id())
    bulk.carry_out(seconds=20)
    done = data_of(owner.get(response["Location"]))
    assert (done["status"], done["done"], done["expected"]) == ("completed", 3, 3)
    assert done["looked_at_until"]
    assert done["finished_at"]
    assert engine.statuses(ids) == ["cancelled"] * 3
    assert engine.statuses(others) == ["queued"]


@pytest.mark.parametrize(
    ("name", "text"), [("status", "queued"), ("type", "test_probe"), ("tag", "nightly"), ("tag", "a,b")]
)
def test_one_text_stands_for_a_list_of_it_as_in_the_query_of_the_list(owner: Caller, name: str, text: str) -> None:
    job_id, _ = engine.dispatch(owner.tenant, 2)
    Job.objects.filter(id=job_id).update(tags=["nightly", "a,b"])
    wanted = {"filter": {name: text}, "dry_run": True}
    listed = data_of(owner.get("/api/ai-jobs", **{name: text}))
    counted = data_of(owner.post(PATH, {**CANCEL, **wanted}))
    assert (counted["filter"][name], counted["expected"]) == ([text], len(listed))


def test_one_text_that_is_not_right_is_refused(owner: Caller) -> None:
    for name, text in (("status", "asleep"), ("type", "nothing"), ("tag", "")):
        refused = error_of(owner.post(PATH, {**CANCEL, "filter": {name: text}}), 422, "INVALID_PARAMS")
        assert paths_of(refused) == [f"filter.{name}.0"]


def test_the_same_key_asks_for_it_once(owner: Caller, outsider: Caller) -> None:
    def post(who: Caller, key: str = "clean-up-1", **changes: object) -> Any:
        return who.post(PATH, {**CANCEL, **changes}, **{"idempotency-key": key})

    data_of(post(owner, dry_run=True))
    first, again = post(owner), post(owner)
    assert data_of(first, 201) == data_of(again, 201)
    assert again["Location"] == first["Location"]
    assert ("Idempotency-Replayed" in first.headers, again["Idempotency-Replayed"]) == (False, "true")
    assert "Idempotency-Replayed" not in post(outsider).headers
    error_of(post(owner, filter={"status": ["queued"]}), 422, "IDEMPOTENCY_KEY_REUSED")
    error_of(owner.post("/api/ai-jobs", PROBE, **{"idempotency-key": "clean-up-1"}), 422, "IDEMPOTENCY_KEY_REUSED")
    error_of(post(owner, key="größe"), 400, "INVALID_REQUEST")
    # Also where no other could be asked for.
    BulkAction.objects.update(state="running")
    for number in range(2, TooManyBulkActions.most + 1):
        data_of(post(owner, key=f"clean-up-{number}"), 201)
    error_of(post(owner, key="clean-up-9"), 409, "TOO_MANY_BULK_ACTIONS")
    assert data_of(post(owner), 201) == data_of(first, 201)
    IdempotencyKey.objects.update(created_at=now() - timedelta(hours=24, seconds=1))
    BulkAction.objects.update(state="completed")
    assert data_of(post(owner), 201)["id"] != data_of(first, 201)["id"]


@pytest.mark.django_db(transaction=True)
def test_several_at_once_with_one_key_are_one(owner: Caller) -> None:
    ask_once = partial(owner.post, PATH, CANCEL, **{"idempotency-key": "clean-up-1"})
    answers = at_once(8, lambda _: patiently(ask_once), threads=4)
    assert {answer.status_code for answer in answers} == {201}
    assert {data_of(answer, 201)["id"] for answer in answers} == {BulkAction.objects.get().public_id}


def test_a_dry_run_counts_and_stores_nothing(owner: Caller, outsider: Caller) -> None:
    ids = engine.dispatch(owner.tenant, 3)
    engine.dispatch(outsider.tenant)
    counted = data_of(owner.post(PATH, {**CANCEL, "dry_run": True}))
    expected = {"type": ["test_probe"], "status": ["queued", "running"]}
    assert counted == {"action": "cancel", "filter": expected, "expected": 3}
    assert not BulkAction.objects.exists()
    assert engine.statuses(ids) == ["queued"] * 3


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_empty_filter_is_refused(owner: Caller, dry_run: bool) -> None:
    error_of(owner.post(PATH, {"action": "cancel", "filter": {}, "dry_run": dry_run}), 422, "EMPTY_FILTER")
    assert not BulkAction.objects.exists()


def test_what_is_wrong_is_named(owner: Caller, subtests: pytest.Subtests) -> None:
    wrong: list[tuple[dict[str, object], str]] = [
        ({"action": "complete"}, "action"),
        ({"filter": {"type": ["nonsense"]}}, "filter.type.0"),
        ({"filter": {"status": ["asleep"]}}, "filter.status.0"),
        ({"filter": {"batch_id": "batch_7"}}, "filter.batch_id"),
        ({"filter": {"start_date": "2026-03-12"}}, "filter.start_date"),
        ({"filter": {"statuss": ["queued"]}}, "filter.statuss"),
        ({"action": "set_priority"}, "priority"),
        ({"priority": "high"}, "priority"),
        ({"unknown": 1}, "unknown"),
    ]
    for changes, path in wrong:
        with subtests.test(changes=changes):
            assert path in paths_of(error_of(owner.post(PATH, {**CANCEL, **changes}), 422, "INVALID_PARAMS"))


def test_an_action_for_other_jobs_than_the_filter_names_is_refused(owner: Caller) -> None:
    body = {"action": "cancel", "filter": {"status": ["failed"]}}
    error = error_of(owner.post(PATH, body), 422, "INVALID_FILTER")
    assert (paths_of(error), "query" in error["message"]) == (["filter.status"], False)


def test_a_priority_is_set(owner: Caller) -> None:
    engine.dispatch(owner.tenant, 2)
    asked = ask(owner, action="set_priority", priority="high")
    assert asked["priority"] == "high"
    bulk.carry_out(seconds=20)
    assert set(Job.objects.values_list("lane", flat=True)) == {2}


def test_a_moment_is_a_condition(owner: Caller) -> None:
    engine.dispatch(owner.tenant, 2)
    for start, expected in (("2026-03-12T14:32:01Z", 2), ("2999-01-01T00:00:00+02:00", 0)):
        body = {"action": "cancel", "filter": {"start_date": start}, "dry_run": True}
        assert data_of(owner.post(PATH, body))["expected"] == expected


def test_it_is_stopped_once(owner: Caller, teammate: Caller) -> None:
    path = f"{PATH}/{ask(owner)['id']}"
    stopped = data_of(teammate.post(f"{path}/stop"))
    assert (stopped["status"], stopped["stopped_by"]) == ("stopped", teammate.key[:12])
    assert data_of(owner.post(f"{path}/stop")) == stopped
    assert data_of(owner.get(path)) == stopped


def test_it_does_not_say_who_of_the_staff_it_was(owner: Caller) -> None:
    engine.dispatch(owner.tenant)
    action = bulk.request(BulkKind.CANCEL, owner.tenant.pk, JobFilter(status=["queued"]), "anna")
    bulk.stop(action.id, "bert@operator.example")
    shown = data_of(owner.get(f"{PATH}/{action.public_id}"))
    assert (shown["requested_by"], shown["stopped_by"]) == ("staff", "staff")


def test_others_do_not_see_it(owner: Caller, outsider: Caller) -> None:
    path = f"{PATH}/{ask(owner)['id']}"
    of_all = f"{PATH}/{bulk.request(BulkKind.CANCEL, None, JobFilter(status=['queued']), 'anna').public_id}"
    for one, address in ((outsider, path), (owner, of_all), (owner, f"{PATH}/{NO_BULK}"), (owner, f"{PATH}/7")):
        error_of(one.get(address), 404, "BULK_ACTION_NOT_FOUND")
        error_of(one.post(f"{address}/stop"), 404, "BULK_ACTION_NOT_FOUND")
    assert data_of(outsider.get(PATH)) == []
    assert len(data_of(owner.get(PATH))) == 1


def test_they_are_listed_newest_first_in_pages(owner: Caller) -> None:
    ids = [ask(owner)["id"] for _ in range(3)]
    first = owner.get(PATH, limit=2).json()
    assert [each["id"] for each in first["data"]] == [ids[2], ids[1]]
    second = owner.get(PATH, limit=2, cursor=first["pagination"]["next_cursor"]).json()
    assert [each["id"] for each in second["data"]] == [ids[0]]
    assert not second["pagination"]["has_more"]
    error_of(owner.get(PATH, cursor="am9i"), 422, "INVALID_FILTER")


def test_few_run_at_a_time(owner: Caller, outsider: Caller) -> None:
    for _ in range(TooManyBulkActions.most):
        ask(owner)
    error_of(owner.post(PATH, CANCEL), 409, "TOO_MANY_BULK_ACTIONS")
    ask(outsider)
    bulk.carry_out(seconds=20)
    ask(owner)


def test_a_read_scope_only_reads(owner: Caller) -> None:
    reader = caller(owner.tenant, ("ai-jobs:read",))
    path = f"{PATH}/{ask(owner)['id']}"
    assert data_of(reader.get(path))["status"] == "running"
    error_of(reader.post(PATH, CANCEL), 403, "INSUFFICIENT_SCOPE")
    error_of(reader.post(f"{path}/stop"), 403, "INSUFFICIENT_SCOPE")
