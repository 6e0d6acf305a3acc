"""Idempotency-Key on POST /api/ai-jobs and /api/ai-jobs/batch"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.utils.timezone import now

from aijobs import registry
from aijobs.errors import InvalidParams
from aijobs.models import IdempotencyKey, Job, Tenant
from tests.aijobs.api.answers import PROBE, at_once, data_of, error_of, patiently, run_to_the_end
from tests.clients import Caller

# A key that is taken is a violated constraint, which would end the transaction of an ordinary test.
pytestmark = pytest.mark.django_db(transaction=True)

JOBS, BATCHES = "/api/ai-jobs", "/api/ai-jobs/batch"
REQUESTS = [(JOBS, {"type": "test_probe", "params": {"label": "größer", "sleep": 0.1}}), (BATCHES, {"jobs": [PROBE]})]


def post(who: Caller, path: str, body: object, key: str = "order-1") -> Any:
    return who.post(path, body, **{"idempotency-key": key})


@pytest.mark.parametrize(("path", "body"), REQUESTS)
def test_the_first_answer_is_replayed(owner: Caller, teammate: Caller, path: str, body: object) -> None:
    first, again, teammates = post(owner, path, body), post(owner, path, body), post(teammate, path, body)
    data_of(first, 201)
    assert "Idempotency-Replayed" not in first.headers
    for replay in (again, teammates):
        assert replay.status_code == 201
        assert replay["Idempotency-Replayed"] == "true"
        assert replay["Location"] == first["Location"]
        assert replay.json() == first.json()
    assert Job.objects.count() == 1


def test_the_first_answer_is_replayed_after_the_job_has_ended(owner: Caller) -> None:
    first = post(owner, JOBS, PROBE)
    run_to_the_end(first.json()["data"]["id"])
    assert post(owner, JOBS, PROBE).json() == first.json()


def test_neither_white_space_nor_order_makes_another_body(owner: Caller) -> None:
    post(owner, JOBS, b'{"type":"test_probe","params":{}}')
    assert post(owner, JOBS, b' {"params": {}, "type": "test_probe"}\n')["Idempotency-Replayed"] == "true"


def test_another_request_under_the_same_key_is_refused(owner: Caller, subtests: pytest.Subtests) -> None:
    """At the same address or at another one, with which body ever: what is said is true of all."""
    first = data_of(post(owner, JOBS, PROBE), 201)
    run_to_the_end(first["id"])
    for path, body in (
        (JOBS, {"type": "test_probe", "params": {"label": "b"}}),
        (JOBS, {**PROBE, "priority": "high"}),
        (BATCHES, {"jobs": [PROBE]}),
        (f"{JOBS}/{first['id']}/retry", {}),
    ):
        with subtests.test(path=path, body=body):
            error = error_of(post(owner, path, body), 422, "IDEMPOTENCY_KEY_REUSED")
            assert "at another address, or with another body" in error["message"]
            assert Job.objects.count() == 1


def test_an_outsiders_key_is_its_own(owner: Caller, outsider: Caller) -> None:
    first, foreign = post(owner, JOBS, PROBE), post(outsider, JOBS, PROBE)
    assert "Idempotency-Replayed" not in foreign.headers
    assert foreign.json()["data"]["id"] != first.json()["data"]["id"]


def test_without_a_key_every_request_makes_a_job(owner: Caller) -> None:
    owner.dispatch()
    owner.dispatch()
    assert Job.objects.count() == 2


def test_a_refusal_is_not_kept(owner: Caller) -> None:
    error_of(post(owner, JOBS, {"type": "nothing"}), 422, "INVALID_JOB_TYPE")
    assert "Idempotency-Replayed" not in post(owner, JOBS, PROBE).headers


def test_what_was_accepted_is_replayed_though_its_type_refuses_it_now(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The marketplace is gone, or the params have become stricter, since the first request."""
    first = post(owner, JOBS, PROBE)
    batch = post(owner, BATCHES, {"jobs": [PROBE]}, "batch-1")

    def refuse(params: object, tenant_id: int) -> None:
        raise InvalidParams("It is gone.")

    monkeypatch.setitem(registry.TYPES, "test_probe", replace(registry.get("test_probe"), admit=refuse))
    assert post(owner, JOBS, PROBE).json() == first.json()
    assert post(owner, BATCHES, {"jobs": [PROBE]}, "batch-1").json() == batch.json()
    error_of(post(owner, JOBS, PROBE, "order-2"), 422, "INVALID_PARAMS")
    error_of(post(owner, JOBS, {**PROBE, "priority": "low"}), 422, "IDEMPOTENCY_KEY_REUSED")


def test_a_full_queue_is_not_kept_and_does_not_hide_what_was_accepted(owner: Caller) -> None:
    Tenant.objects.filter(pk=owner.tenant.pk).update(queue_limit=1)
    first = post(owner, JOBS, PROBE)
    error_of(post(owner, JOBS, PROBE, "order-2"), 429, "QUEUE_FULL")
    assert post(owner, JOBS, PROBE).json() == first.json()
    run_to_the_end(first.json()["data"]["id"])
    assert "Idempotency-Replayed" not in post(owner, JOBS, PROBE, "order-2").headers


def test_a_key_is_free_again_after_a_day(owner: Caller) -> None:
    first = post(owner, JOBS, PROBE)
    age(timedelta(hours=23, minutes=59))
    assert post(owner, JOBS, PROBE).json() == first.json()
    age(timedelta(hours=24, seconds=1))
    second = post(owner, JOBS, {**PROBE, "priority": "low"})
    assert "Idempotency-Replayed" not in second.headers
    assert second.json()["data"]["id"] != first.json()["data"]["id"]


def age(by: timedelta) -> None:
    IdempotencyKey.objects.update(created_at=now() - by)


def test_a_key_is_any_text_of_up_to_255_characters(owner: Caller, subtests: pytest.Subtests) -> None:
    for key in ("a", "x" * 255, 'a b;c="d"', "order/1?x=%00"):
        with subtests.test(key=key):
            first = post(owner, JOBS, PROBE, key)
            data_of(first, 201)
            assert post(owner, JOBS, PROBE, key).json() == first.json()


def test_any_other_key_is_refused(owner: Caller, subtests: pytest.Subtests) -> None:
    for key in ("", " ", " a", "a ", "x" * 256, "a\0b", "a\x1bb", "a\x7f", "größe", "\udcff"):
        with subtests.test(key=ascii(key)):
            error_of(post(owner, JOBS, PROBE, key), 400, "INVALID_REQUEST")
            assert not Job.objects.exists()


def test_fifty_at_once_make_one_job(owner: Caller) -> None:
    answers = at_once(50, lambda number: patiently(lambda: post(owner, JOBS, PROBE)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert Job.objects.count() == 1


def test_a_replay_is_no_error_in_postgresqls_log(owner: Caller) -> None:
    """Also not where both are under way at once: the second one waits for the first."""

    log = settings.DATA_DIR / "logs" / "postgresql.log"
    if not log.exists():
        pytest.skip("the server is not the suite's own")
    before = log.stat().st_size
    for path, body in REQUESTS:
        assert {post(owner, path, body, f"{path}-1").status_code for _ in range(3)} == {201}
    answers = at_once(20, lambda number: patiently(lambda: post(owner, JOBS, PROBE)))
    assert {answer.status_code for answer in answers} == {201}
    # Whatever else a busy server writes: who waited too long for a lock, for one.
    assert "duplicate key" not in log.read_bytes()[before:].decode(errors="replace")


def test_a_refused_first_dispatch_of_a_tenant_says_why(owner: Caller) -> None:
    """It has no row to count in yet."""
    Tenant.objects.filter(pk=owner.tenant.pk).update(queue_limit=1)
    error_of(post(owner, f"{JOBS}/batch", {"jobs": [PROBE, PROBE]}), 429, "QUEUE_FULL")


def test_the_first_dispatches_of_a_tenant_at_once_are_all_accepted(owner: Caller) -> None:
    answers = at_once(20, lambda number: patiently(lambda: post(owner, JOBS, PROBE, f"order-{number}")))
    assert {answer.status_code for answer in answers} == {201}
    assert Job.objects.count() == 20


def test_of_fifty_at_once_under_a_key_that_has_expired_one_makes_a_job(owner: Caller) -> None:
    post(owner, JOBS, PROBE)
    age(timedelta(hours=25))
    answers = at_once(50, lambda number: patiently(lambda: post(owner, JOBS, PROBE)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1
    assert Job.objects.count() == 2


def test_one_still_in_flight_is_a_conflict(owner: Caller) -> None:
    """Another request has inserted the key, and takes its time to commit."""
    parameters = {
        name: value for name, value in connection.get_connection_params().items() if name != "cursor_factory"
    }
    with psycopg.connect(**parameters) as other:
        other.execute(
            "INSERT INTO aijobs_idempotencykey (tenant_id, key, fingerprint, answer, created_at) "
            "VALUES (%s, 'order-1', '', '{}', now())",
            [owner.tenant.pk],
        )
        response = post(owner, JOBS, PROBE)
        error_of(response, 409, "IDEMPOTENCY_CONFLICT")
        assert int(response["Retry-After"]) >= 1
        other.rollback()
    data_of(post(owner, JOBS, PROBE), 201)
