"""What happens to jobs arrives at real endpoints: all of it, in order, signed; and bad endpoints delay nobody."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django import db
from django.db import OperationalError, transaction
from django.utils.timezone import now
from standardwebhooks import Webhook as Verifier

from aijobs import identifiers
from aijobs.client import verify_webhook
from aijobs.models import Tenant, Webhook, WebhookDelivery
from aijobs.webhooks import delivering, endpoints, outcomes, recording, secrets, sending
from aijobs.webhooks.delivering import Deliverer
from aijobs.webhooks.sending import Outcome
from tests import engine
from tests.aijobs.test_events import another_writer
from tests.aijobs.webhooks.conftest import LINK_BASE, again, subscribe
from tests.aijobs.webhooks.receiver import Answer, Received, Receiver, status
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db(transaction=True)

FIRST_PAUSE = 60.0


@pytest.fixture(autouse=True)
def _nothing_is_over_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is: no attempt is given up, and none made again, before a test says so."""
    monkeypatch.setattr(sending, "SECONDS", 300.0)
    monkeypatch.setattr(sending, "PAUSES", (FIRST_PAUSE, *sending.PAUSES[1:]))


@pytest.fixture
def deliverer() -> Iterator[Deliverer]:
    made = Deliverer()
    yield made
    made.finish(0)


def run_until(deliverer: Deliverer, true: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, list(
            WebhookDelivery.objects.values("type", "status", "error_code", "attempts")
        )
        deliverer.run(0.05)


def are_over(webhook: Webhook, number: int = 1) -> Callable[[], bool]:
    """So many of its deliveries, and none is left."""
    ended = webhook.deliveries.exclude(status="pending")
    return lambda: ended.count() >= number and not webhook.deliveries.filter(status="pending").exists()


def are_tried(webhook: Webhook, number: int = 1) -> Callable[[], bool]:
    """All of its deliveries so often, and what came of it is written down."""
    left = webhook.deliveries.filter(status="pending").exclude(attempts=number, claimed_until=None)
    return lambda: webhook.deliveries.exists() and not left.exists()


def retry_now(webhook: Webhook) -> None:
    webhook.deliveries.filter(status="pending").update(due_at=now() - timedelta(hours=1))


def test_a_job_is_told_of_from_its_beginning_to_its_end(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer
) -> None:
    shown = subscribe(tenant, endpoint.url("/hook?token=x"))
    [job_id] = engine.dispatch(tenant)
    engine.complete(engine.start(job_id), {"secret": "of the result"})
    run_until(deliverer, are_over(shown.webhook, 3))
    received = endpoint.at("/hook?token=x")
    public_id = identifiers.encode("job_", job_id)
    at = received[2].event["at"]
    assert [each.event["type"] for each in received] == ["job.queued", "job.started", "job.completed"]
    assert received[2].event == {
        "id": f"evt_{identifiers.encode('', job_id)}_3",
        "type": "job.completed",
        "job_id": public_id,
        "seq": 3,
        "at": at,
        "status": "completed",
        "attempt": 1,
        "link": f"{LINK_BASE}/api/ai-jobs/{public_id}",
    }
    assert received[2].headers["webhook-id"] == received[2].event["id"]
    assert received[2].headers["content-type"] == "application/json"
    for each in received:
        assert verify_webhook(shown.secret, each.headers, each.body) == each.event
    webhook = again(shown.webhook)
    assert webhook.last_delivered_at is not None
    last = webhook.deliveries.get(seq=3)
    assert (last.response_status, last.response_type, last.response_body) == (200, "text/plain", "thank you")
    assert [(each["status"], each["error"]) for each in last.log] == [(200, None)]


def test_an_endpoint_gets_what_it_wants_of_its_tenant_from_its_creation_on(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer
) -> None:
    engine.complete(engine.start(engine.dispatch(tenant)[0]))
    ends = subscribe(tenant, endpoint.url("/ends"), "job.completed", "job.failed").webhook
    begins = subscribe(tenant, endpoint.url("/begins"), "job.queued").webhook
    other = subscribe(TenantFactory(), endpoint.url("/other")).webhook
    [first, second] = engine.dispatch(tenant, 2)
    engine.complete(engine.start(first))
    engine.fail(engine.start(second))
    run_until(deliverer, lambda: are_over(ends, 2)() and are_over(begins, 2)())
    assert {each.event["type"] for each in endpoint.at("/ends")} == {"job.completed", "job.failed"}
    assert [each.event["type"] for each in endpoint.at("/begins")] == ["job.queued"] * 2
    assert endpoint.at("/other") == []
    assert not other.deliveries.exists()


def huge_body(connection: socket.socket, received: Received) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 1_000_000)


def closed(connection: socket.socket, received: Received) -> None:
    """Nothing is said."""


ANSWERS: dict[str, tuple[Answer, str, str]] = {
    "a failure": (status(500, body=b"a \x00 <b>fault</b>"), "pending", "BAD_STATUS"),
    "a refusal": (status(404), "pending", "BAD_STATUS"),
    "a redirect": (status(302, "Location: http://127.0.0.1/"), "pending", "REDIRECTED"),
    "a redirect to nowhere": (status(307, "Location: http://[::1"), "pending", "REDIRECTED"),
    "a closed connection": (closed, "pending", "NO_ANSWER"),
    "what is no HTTP": (lambda connection, _: connection.sendall(b"220 hello\r\n"), "pending", "NO_ANSWER"),
    "a huge body": (huge_body, "delivered", ""),
    "no content": (status(204), "delivered", ""),
    "a compressed body": (status(200, "Content-Encoding: gzip", body=b"not at all"), "delivered", ""),
}


def test_what_an_endpoint_answers(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer, subtests: pytest.Subtests
) -> None:
    paths = {name: f"/{number}" for number, name in enumerate(ANSWERS)}
    endpoint.answers |= {paths[name]: answer for name, (answer, _, _) in ANSWERS.items()}
    webhooks = {name: subscribe(tenant, endpoint.url(path), "job.queued").webhook for name, path in paths.items()}
    engine.dispatch(tenant)
    run_until(deliverer, lambda: all(are_tried(webhook)() for webhook in webhooks.values()))
    for name, (_, expected, code) in ANSWERS.items():
        with subtests.test(name):
            webhook, delivery = again(webhooks[name]), webhooks[name].deliveries.get()
            assert (delivery.status, delivery.error_code) == (expected, code)
            assert "\0" not in delivery.response_body
            assert len(delivery.response_body) <= sending.LONGEST_BODY
            assert len(endpoint.at(paths[name])) == 1
            if code:
                assert delivery.due_at > now()
                assert (webhook.failures, webhook.last_error) == (1, delivery.error_message)


def test_an_endpoint_that_never_answers_or_never_ends_delays_nobody(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer
) -> None:
    """Each on a real socket, beside a quick one: all that is for the quick one arrives while the others hang."""
    endpoint.answers |= {"/never": endpoint.never, "/drips": endpoint.drip}
    hanging = [subscribe(tenant, endpoint.url(path), "job.queued").webhook for path in ("/never", "/drips")]
    quick = subscribe(tenant, endpoint.url("/quick"), "job.queued").webhook
    engine.dispatch(tenant, 40)
    run_until(deliverer, are_over(quick, 40))
    assert len(endpoint.at("/quick")) == 40
    assert len(endpoint.at("/never")) <= 4
    assert not hanging[0].deliveries.exclude(status="pending").exists()


def test_what_takes_too_long_is_a_failure(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SECONDS", 0.3)
    endpoint.answers["/"] = endpoint.never
    webhook = subscribe(tenant, endpoint.url(), "job.queued").webhook
    engine.dispatch(tenant)
    run_until(deliverer, are_tried(webhook))
    assert webhook.deliveries.get().error_code == "NO_ANSWER"


def test_a_body_that_drips_does_not_make_a_delivery_fail(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer
) -> None:
    endpoint.answers["/"] = endpoint.drip
    webhook = subscribe(tenant, endpoint.url(), "job.queued").webhook
    engine.dispatch(tenant)
    run_until(deliverer, are_over(webhook))
    assert webhook.deliveries.get().status == "delivered"
    assert set(webhook.deliveries.get().response_body) <= {"."}


def test_a_failing_event_holds_up_its_own_job_only(tenant: Tenant, endpoint: Receiver, deliverer: Deliverer) -> None:
    webhook = subscribe(tenant, endpoint.url()).webhook
    poisoned, well = engine.dispatch(tenant, 2)
    bad = identifiers.encode("job_", poisoned)

    def answer(connection: socket.socket, received: Received) -> None:
        is_bad = received.event["job_id"] == bad and received.event["seq"] == 2
        status(500 if is_bad else 200)(connection, received)

    endpoint.answers["/"] = answer
    for job_id in (poisoned, well):
        engine.complete(engine.start(job_id))
    run_until(deliverer, lambda: webhook.deliveries.filter(status="delivered").count() == 4)
    assert endpoint.seqs("/") == {bad: [1, 2], identifiers.encode("job_", well): [1, 2, 3]}
    retry_now(webhook)
    deliverer.run(0.5)
    run_until(deliverer, lambda: len(endpoint.at("/")) == 6)
    assert endpoint.seqs("/")[bad] == [1, 2, 2]
    del endpoint.answers["/"]
    retry_now(webhook)
    run_until(deliverer, are_over(webhook, 6))
    assert endpoint.seqs("/")[bad] == [1, 2, 2, 2, 3]


def test_an_event_that_failed_for_good_lets_the_next_one_go(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer
) -> None:
    endpoint.answers["/"] = status(500)
    webhook = subscribe(tenant, endpoint.url()).webhook
    engine.start(engine.dispatch(tenant)[0])
    run_until(deliverer, lambda: webhook.deliveries.filter(seq=1, attempts=1, claimed_until=None).exists())
    webhook.deliveries.filter(seq=1).update(attempts=len(sending.PAUSES), due_at=now())
    run_until(deliverer, lambda: webhook.deliveries.filter(seq=2, attempts=1).exists())
    first = webhook.deliveries.get(seq=1)
    assert (first.status, first.attempts) == ("failed", len(sending.PAUSES) + 1)
    assert first.ended_at is not None


def test_many_jobs_keep_their_order_each(tenant: Tenant, endpoint: Receiver, deliverer: Deliverer) -> None:
    webhook = subscribe(tenant, endpoint.url()).webhook
    jobs = engine.dispatch(tenant, 15)
    for job_id in jobs:
        engine.complete(engine.start(job_id))
        deliverer.run(0)
    run_until(deliverer, are_over(webhook, 45))
    assert endpoint.seqs("/") == {identifiers.encode("job_", job_id): [1, 2, 3] for job_id in jobs}
    assert len({each.headers["webhook-id"] for each in endpoint.received}) == 45


def record_all() -> None:
    """What is below the horizon."""
    number = 1
    while number:
        with transaction.atomic():
            number = recording.record()


def test_an_earlier_event_that_is_read_later_is_sent_first(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer
) -> None:
    """A job's end may be written by a transaction that began before the one that wrote its start."""
    webhook = subscribe(tenant, endpoint.url()).webhook
    [job_id] = engine.dispatch(tenant)
    with another_writer() as ends, another_writer():
        # The horizon stays between the two.
        engine.start(job_id)
        ends.execute(
            "INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt) VALUES (%s, 3, %s, 'completed', 1)",
            [job_id, tenant.pk],
        )
        ends.commit()
        record_all()
        assert set(webhook.deliveries.values_list("seq", flat=True)) == {1, 2, 3}
        run_until(deliverer, are_over(webhook, 3))
    record_all()
    assert webhook.deliveries.count() == 3
    assert endpoint.seqs("/") == {identifiers.encode("job_", job_id): [1, 2, 3]}


def test_410_disables_and_says_so(tenant: Tenant, endpoint: Receiver, deliverer: Deliverer) -> None:
    endpoint.answers["/"] = status(410)
    webhook = subscribe(tenant, endpoint.url(), "job.queued").webhook
    engine.dispatch(tenant)
    run_until(deliverer, are_over(webhook))
    assert webhook.deliveries.get().error_code == "GONE"
    disabled = again(webhook)
    assert (disabled.enabled, "410" in disabled.disabled_reason) == (False, True)
    engine.dispatch(tenant)
    deliverer.run(0.5)
    assert len(endpoint.received) == 1


def test_what_a_former_address_answers_says_nothing_of_the_present_one(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer
) -> None:
    def moved(connection: socket.socket, received: Received) -> None:
        endpoints.change(webhook.pk, tenant.pk, {"url": endpoint.url("/new")})
        db.connection.close()
        status(410)(connection, received)

    endpoint.answers["/old"] = moved
    webhook = subscribe(tenant, endpoint.url("/old"), "job.queued").webhook
    engine.dispatch(tenant)
    run_until(deliverer, are_over(webhook))
    assert again(webhook).enabled
    engine.dispatch(tenant)
    run_until(deliverer, are_over(webhook, 2))
    assert len(endpoint.at("/new")) == 1


def test_what_has_arrived_is_not_sent_again_because_the_database_was_away(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = subscribe(tenant, endpoint.url(), "job.queued").webhook
    record = outcomes.record
    failures = iter([OperationalError("away")])

    def away_once(told: Sequence[Outcome]) -> None:
        if told and (error := next(failures, None)):
            raise error
        record(told)

    monkeypatch.setattr(outcomes, "record", away_once)
    engine.dispatch(tenant)
    with pytest.raises(OperationalError, match="away"):
        run_until(deliverer, are_over(webhook))
    run_until(deliverer, are_over(webhook))
    assert len(endpoint.received) == webhook.deliveries.get().attempts == 1


def test_a_step_records_a_bounded_number_of_all_tenants_events(
    tenant: Tenant, endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_EVENTS", 4)
    for each in (tenant, TenantFactory(), TenantFactory()):
        subscribe(each, endpoint.url())
    engine.dispatch(tenant, 5)
    recorded: list[int] = []
    until = time.monotonic() + 60
    while sum(recorded) < 5:
        assert time.monotonic() < until
        with transaction.atomic():
            recorded.append(recording.record())
    assert max(recorded) <= 4
    assert WebhookDelivery.objects.count() == 5


@pytest.mark.parametrize(("asked", "seconds"), [("120", 120), ("9" * 20, 86_400), ("99999999", 86_400), ("soon", 0)])
def test_retry_after_is_honoured_within_bounds(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer, asked: str, seconds: float
) -> None:
    endpoint.answers["/"] = status(429, f"Retry-After: {asked}")
    webhook = subscribe(tenant, endpoint.url(), "job.queued").webhook
    engine.dispatch(tenant)
    before = now()
    run_until(deliverer, are_tried(webhook))
    delivery, held = webhook.deliveries.get(), again(webhook).not_before
    assert delivery.due_at >= before + timedelta(seconds=seconds)
    assert delivery.due_at <= now() + timedelta(seconds=max(seconds, (1 + sending.JITTER) * FIRST_PAUSE))
    if seconds:
        assert held is not None
        assert before + timedelta(seconds=min(seconds, 3_600)) <= held <= now() + timedelta(seconds=3_600)
        engine.dispatch(tenant)
        deliverer.run(0.5)
        assert len(endpoint.received) == 1
    else:
        assert held is None


def test_what_fails_for_a_day_is_paused_and_goes_on_when_it_is_resumed(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer
) -> None:
    endpoint.answers["/"] = status(500)
    webhook = subscribe(tenant, endpoint.url(), "job.queued").webhook
    Webhook.objects.filter(pk=webhook.pk).update(failures=25, failing_since=now() - timedelta(hours=25))
    engine.dispatch(tenant)
    run_until(deliverer, lambda: again(webhook).paused_at is not None)
    assert "in 26 attempts" in again(webhook).pause_reason
    del endpoint.answers["/"]
    engine.dispatch(tenant)
    retry_now(webhook)
    run_until(deliverer, lambda: webhook.deliveries.count() == 2)
    deliverer.run(0.5)
    assert len(endpoint.received) == 1
    # What failed does not wait for its next attempt either.
    webhook.deliveries.filter(attempts=1).update(due_at=now() + timedelta(hours=24))
    endpoints.resume(webhook.pk, tenant.pk)
    run_until(deliverer, are_over(webhook, 2))
    assert (again(webhook).failures, again(webhook).paused_at, again(webhook).failing_since) == (0, None, None)


def test_a_suspended_tenants_events_wait(tenant: Tenant, endpoint: Receiver, deliverer: Deliverer) -> None:
    webhook = subscribe(tenant, endpoint.url(), "job.queued").webhook
    engine.dispatch(tenant)
    Tenant.objects.filter(pk=tenant.pk).update(suspended_at=now())
    run_until(deliverer, lambda: webhook.deliveries.exists())
    deliverer.run(0.5)
    assert endpoint.received == []
    Tenant.objects.filter(pk=tenant.pk).update(suspended_at=None)
    run_until(deliverer, are_over(webhook))


def test_a_disabled_webhook_hears_nothing_of_what_happens_meanwhile(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer
) -> None:
    webhook = subscribe(tenant, endpoint.url(), "job.queued", enabled=False).webhook
    engine.dispatch(tenant)
    deliverer.run(0.3)
    endpoints.change(webhook.pk, tenant.pk, {"enabled": True})
    [second] = engine.dispatch(tenant)
    run_until(deliverer, are_over(webhook))
    assert [each.event["job_id"] for each in endpoint.received] == [identifiers.encode("job_", second)]


def test_both_secrets_sign_for_a_day(tenant: Tenant, endpoint: Receiver, deliverer: Deliverer) -> None:
    old = subscribe(tenant, endpoint.url(), "job.queued")
    new = endpoints.rotate_secret(old.webhook.pk, tenant.pk)
    assert new.secret != old.secret
    engine.dispatch(tenant)
    run_until(deliverer, are_over(old.webhook))
    both = endpoint.received[0]
    assert len(both.headers["webhook-signature"].split()) == 2
    for secret in (old.secret, new.secret):
        Verifier(secret).verify(both.body, both.headers)
    Webhook.objects.update(previous_until=now() - timedelta(seconds=1))
    engine.dispatch(tenant)
    run_until(deliverer, are_over(old.webhook, 2))
    assert len(endpoint.received[1].headers["webhook-signature"].split()) == 1


def test_secrets_do_not_stay_in_memory(tenant: Tenant, endpoint: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "SECRETS_SECONDS", 0.05)
    unseal = Mock(wraps=secrets.unseal)
    monkeypatch.setattr(secrets, "unseal", unseal)
    deliverer = Deliverer()
    subscribe(tenant, endpoint.url(), "job.queued")

    def is_unsealed_once_more() -> bool:
        engine.dispatch(tenant)
        return unseal.call_count > 1

    run_until(deliverer, is_unsealed_once_more)
    deliverer.finish(0)


def test_a_claim_that_is_over_is_sent_again_and_its_first_outcome_says_nothing(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer
) -> None:
    """A worker was frozen with a delivery: another one takes it over, and the first wakes up late."""
    webhook = subscribe(tenant, endpoint.url(), "job.queued").webhook
    endpoint.answers["/"] = endpoint.never
    engine.dispatch(tenant)
    run_until(deliverer, lambda: len(endpoint.received) == 1)
    long_ago = now() - timedelta(hours=1)
    webhook.deliveries.update(claimed_until=long_ago, due_at=long_ago)
    del endpoint.answers["/"]
    second = Deliverer()
    run_until(second, are_over(webhook))
    endpoint.over.set()
    deliverer.finish(60)
    second.finish(0)
    delivery = webhook.deliveries.get()
    assert (delivery.status, delivery.attempts, delivery.error_code) == ("delivered", 2, "")
    assert len({each.headers["webhook-id"] for each in endpoint.received}) == 1


def test_a_process_that_ends_while_it_writes_an_answer_down_does_so_at_its_end(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal may come between any two lines. It cost the answer, and the event was sent a second time."""
    webhook = subscribe(tenant, endpoint.url(), "job.queued").webhook
    engine.dispatch(tenant)

    def ending(told: Sequence[Outcome]) -> None:
        if told:
            raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(outcomes, "record", ending)
        with pytest.raises(SystemExit):
            run_until(deliverer, lambda: False)
    deliverer.finish(60)
    assert list(webhook.deliveries.values_list("status", "attempts")) == [("delivered", 1)]


def test_an_address_that_is_not_public_is_not_called(
    tenant: Tenant, endpoint: Receiver, deliverer: Deliverer, settings: Any
) -> None:
    """Also where it was opened when the webhook was made."""
    webhook = subscribe(tenant, endpoint.url(), "job.queued").webhook
    settings.AIJOBS_OUTBOUND_ALLOW = [f"page:{endpoint.address}"]
    engine.dispatch(tenant)
    run_until(deliverer, are_tried(webhook))
    assert webhook.deliveries.get().error_code == "ADDRESS_REFUSED"
    assert endpoint.received == []


def test_endpoints_in_trouble_get_half_of_the_places(
    tenant: Tenant, endpoint: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many hang, and however much waits for them."""
    monkeypatch.setattr(delivering, "PLACES", 6)
    monkeypatch.setattr(delivering, "TROUBLED_PLACES", 3)
    deliverer = Deliverer()
    for number in range(8):
        endpoint.answers[f"/{number}"] = endpoint.never
        subscribe(tenant, endpoint.url(f"/{number}"), "job.queued")
    Webhook.objects.update(slow=True)
    quick = subscribe(tenant, endpoint.url("/quick"), "job.queued").webhook
    engine.dispatch(tenant, 10)
    run_until(deliverer, are_over(quick, 10))
    # The last of those that hang may still be on its way.
    run_until(deliverer, lambda: len(endpoint.received) >= 10 + 3)
    assert len(endpoint.received) == 10 + 3
    deliverer.finish(0)
