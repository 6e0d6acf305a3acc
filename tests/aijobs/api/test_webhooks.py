"""/api/webhooks: made, changed, deleted and looked at by their tenant alone; and deliveries sent again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.errors import TooManyReplays
from aijobs.models import Webhook, WebhookDelivery
from aijobs.shapes import timestamp
from tests import engine
from tests.aijobs.api.answers import NO_DELIVERY, NO_WEBHOOK, data_of, error_of, paths_of
from tests.clients import Caller, caller

PATH = "/api/webhooks"
URL = "https://shop.example.com/webhooks/ai-jobs"


def created(who: Caller, **changes: object) -> dict[str, Any]:
    data: dict[str, Any] = data_of(who.post(PATH, {"url": URL, "events": ["job.completed"], **changes}), 201)
    return data


def delivered(webhook: dict[str, Any], number: int = 1, **columns: Any) -> list[WebhookDelivery]:
    """Deliveries that have ended."""
    row = next(each for each in Webhook.objects.all() if each.public_id == webhook["id"])
    job_ids = engine.dispatch(row.tenant, number)
    return [
        WebhookDelivery.objects.create(
            **{
                "id": identifiers.new_id(),
                "webhook": row,
                "tenant": row.tenant,
                "job_id": job_id,
                "seq": 3,
                "type": "job.completed",
                "event_id": f"evt_{job_id.hex}",
                "body": '{"type": "job.completed"}',
                "status": "delivered",
                "due_at": now(),
                **columns,
            }
        )
        for job_id in job_ids
    ]


def test_it_is_made_with_a_secret_that_is_shown_once(owner: Caller) -> None:
    answer = owner.post(PATH, {"url": URL, "events": ["job.completed", "job.failed"], "description": "orders"})
    made = data_of(answer, 201)
    assert answer["Location"] == f"{PATH}/{made['id']}"
    assert made["id"].startswith("wh_")
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made == {
        "id": made["id"],
        "url": URL,
        "events": ["job.completed", "job.failed"],
        "description": "orders",
        "enabled": True,
        "state": "active",
        "reason": None,
        "failing_since": None,
        "last_delivered_at": None,
        "previous_secret_until": None,
        "created_at": made["created_at"],
        "updated_at": made["updated_at"],
    }
    assert data_of(owner.get(f"{PATH}/{made['id']}")) == made
    assert secret.encode() not in owner.get(PATH).content
    row = Webhook.objects.get()
    assert secret not in row.sealed_secrets
    assert row.link_base == "http://testserver"


WRONG: list[tuple[dict[str, object], list[str]]] = [
    ({"url": "http://shop.example.com/"}, ["url"]),
    ({"url": "https://shop.example.com:8443/"}, ["url"]),
    ({"url": "https://user:secret@shop.example.com/"}, ["url"]),
    ({"url": "https://shop.example.com/#x"}, ["url"]),
    ({"url": "ftp://shop.example.com/"}, ["url"]),
    ({"url": "shop.example.com"}, ["url"]),
    ({"url": "https://10.0.0.5/"}, ["url"]),
    ({"url": "https://169.254.169.254/latest"}, ["url"]),
    ({"url": "https://0177.0.0.1/"}, ["url"]),
    ({"url": "https://256.1.1.1/"}, ["url"]),
    ({"url": f"https://shop.example.com/{'x' * 500}"}, ["url"]),
    ({"events": []}, ["events"]),
    ({"events": ["job.exploded"]}, ["events.0"]),
    ({"events": ["job.failed", "job.failed"]}, ["events"]),
    ({"description": " "}, ["description"]),
    ({"enabled": "yes", "secret": "x"}, ["enabled", "secret"]),
]


def test_what_is_wrong_is_told(owner: Caller, subtests: pytest.Subtests) -> None:
    made = created(owner)
    for changes, paths in WRONG:
        with subtests.test(changes=changes):
            body = {"url": URL, "events": ["job.completed"], **changes}
            assert paths_of(error_of(owner.post(PATH, body), 422, "INVALID_PARAMS")) == paths
            refused = owner.request("PATCH", f"{PATH}/{made['id']}", changes)
            assert paths_of(error_of(refused, 422, "INVALID_PARAMS")) == paths


def test_a_description_that_is_too_long_has_too_many_characters(owner: Caller) -> None:
    path = f"{PATH}/{created(owner)['id']}"
    refused = error_of(owner.request("PATCH", path, {"description": "x" * 201}), 422, "INVALID_PARAMS")
    assert [each["message"] for each in refused["details"]] == ["must have at most 200 characters"]


def test_an_address_that_is_opened_may_be_local(owner: Caller, settings: Any) -> None:
    url = "http://127.0.0.1:9000/hook"
    assert error_of(owner.post(PATH, {"url": url, "events": ["job.failed"]}), 422, "INVALID_PARAMS")
    settings.AIJOBS_OUTBOUND_ALLOW = ["webhook:127.0.0.1:9000"]
    assert created(owner, url=url)["url"] == url


def test_only_what_is_sent_changes(owner: Caller) -> None:
    made = created(owner, description="orders")
    path = f"{PATH}/{made['id']}"
    changed = data_of(owner.request("PATCH", path, {"events": ["job.failed"]}))
    assert (changed["url"], changed["events"], changed["description"]) == (URL, ["job.failed"], "orders")
    changed = data_of(owner.request("PATCH", path, {"description": None, "enabled": False}))
    assert (changed["description"], changed["enabled"], changed["state"]) == (None, False, "disabled")
    assert data_of(owner.request("PATCH", path, {"enabled": True}))["state"] == "active"
    assert data_of(owner.request("PATCH", path, {}))["events"] == ["job.failed"]


def test_a_tenant_has_so_many_and_lists_them_newest_first(owner: Caller) -> None:
    made = [created(owner)["id"] for _ in range(20)]
    error_of(owner.post(PATH, {"url": URL, "events": ["job.completed"]}), 409, "TOO_MANY_WEBHOOKS")
    page = owner.get(PATH, limit=15).json()
    rest = owner.get(PATH, limit=15, cursor=page["pagination"]["next_cursor"]).json()
    assert [each["id"] for each in (*page["data"], *rest["data"])] == made[::-1]
    assert rest["pagination"] == {"next_cursor": None, "has_more": False}
    assert owner.delete(f"{PATH}/{made[0]}").status_code == 204
    created(owner)


def test_a_deleted_one_is_gone_with_its_secret(owner: Caller) -> None:
    made = created(owner)
    path = f"{PATH}/{made['id']}"
    assert owner.delete(path).status_code == 204
    error_of(owner.delete(path), 404, "WEBHOOK_NOT_FOUND")
    error_of(owner.get(f"{path}/deliveries"), 404, "WEBHOOK_NOT_FOUND")
    assert owner.get(PATH).json()["data"] == []
    assert Webhook.objects.get().sealed_secrets == ""


def test_a_secret_is_replaced_and_the_old_one_signs_for_a_day(owner: Caller) -> None:
    made = created(owner)
    rotated = data_of(owner.post(f"{PATH}/{made['id']}/rotate-secret"))
    assert rotated["secret"] != made["secret"]
    until = Webhook.objects.get().previous_until
    assert until is not None
    assert timedelta(hours=23) < until - now() < timedelta(hours=25)
    assert rotated["previous_secret_until"] == timestamp(until)


def test_why_it_is_paused_or_disabled_is_told_until_it_goes_on(owner: Caller) -> None:
    made = created(owner)
    path = f"{PATH}/{made['id']}"
    Webhook.objects.update(failures=3, last_error="The endpoint answered with status 500.", failing_since=now())
    failing = data_of(owner.get(path))
    assert (failing["state"], failing["reason"]) == ("failing", "The endpoint answered with status 500.")
    Webhook.objects.update(paused_at=now(), pause_reason="It has taken nothing since yesterday.")
    paused = data_of(owner.get(path))
    assert (paused["state"], paused["reason"]) == ("paused", "It has taken nothing since yesterday.")
    error_of(owner.post(f"{path}/ping"), 409, "WEBHOOK_NOT_ACTIVE")
    assert data_of(owner.post(f"{path}/resume"))["state"] == "active"
    assert data_of(owner.post(f"{path}/resume"))["state"] == "active"
    Webhook.objects.update(enabled=False, disabled_reason="The endpoint answered 410.")
    assert data_of(owner.post(f"{path}/resume"))["reason"] == "The endpoint answered 410."
    error_of(owner.post(f"{path}/ping"), 409, "WEBHOOK_NOT_ACTIVE")
    assert data_of(owner.request("PATCH", path, {"enabled": True}))["reason"] is None


def test_a_ping_is_a_delivery(owner: Caller) -> None:
    made = created(owner)
    answer = owner.post(f"{PATH}/{made['id']}/ping")
    ping = data_of(answer, 201)
    assert answer["Location"] == f"{PATH}/{made['id']}/deliveries/{ping['id']}"
    assert (ping["type"], ping["status"], ping["job_id"], ping["attempts"]) == ("ping", "pending", None, 0)
    assert ping["request"]["body"]["webhook_id"] == made["id"]
    assert ping["request"]["headers"]["webhook-id"] == ping["event_id"] == ping["request"]["body"]["id"]
    assert (ping["response"], ping["log"]) == (None, [])
    assert data_of(owner.get(answer["Location"])) == ping


def test_deliveries_are_listed_and_filtered(owner: Caller) -> None:
    made = created(owner)
    path = f"{PATH}/{made['id']}/deliveries"
    [first] = delivered(made, status="failed", error_code="BAD_STATUS", error_message="It says 500.")
    second, third = delivered(made, 2, response_status=200, seconds=0.1)
    newest_first = [each.public_id for each in (third, second, first)]
    assert [each["id"] for each in owner.get(path).json()["data"]] == newest_first
    page = owner.get(path, limit=2).json()
    rest = owner.get(path, limit=2, cursor=page["pagination"]["next_cursor"]).json()
    assert [each["id"] for each in (*page["data"], *rest["data"])] == newest_first

    def ids(**query: str) -> list[str]:
        return [each["id"] for each in data_of(owner.get(path, **query))]

    [failed] = data_of(owner.get(path, status="failed"))
    assert (failed["id"], failed["error"]) == (first.public_id, "BAD_STATUS: It says 500.")
    assert ids(job_id=data_of(owner.get(f"{path}/{second.public_id}"))["job_id"]) == [second.public_id]
    assert ids(since=timestamp(identifiers.created_at(second.id))) == newest_first[:2]
    assert ids(until=timestamp(identifiers.created_at(first.id) - timedelta(days=1))) == []
    for query in ({"status": "lost"}, {"job_id": "job_1"}, {"since": "soon"}, {"cursor": "eA"}, {"limit": "0"}):
        assert paths_of(error_of(owner.get(path, **query), 422, "INVALID_FILTER")) == list(query)


def test_a_delivery_shows_what_was_sent_and_answered_as_text(owner: Caller) -> None:
    made = created(owner)
    log = [{"at": "2026-03-12T14:32:01.000Z", "status": 500, "error": "BAD_STATUS", "seconds": 0.2}]
    [delivery] = delivered(
        made, url=URL, response_status=500, response_type="text/html", response_body="<script>", log=log
    )
    shown = data_of(owner.get(f"{PATH}/{made['id']}/deliveries/{delivery.public_id}"))
    assert shown["request"]["url"] == URL
    assert shown["request"]["body"] == {"type": "job.completed"}
    assert shown["response"] == {"status": 500, "content_type": "text/html", "body": "<script>"}
    assert shown["log"] == log


def test_one_is_sent_again_under_the_same_event_id(owner: Caller) -> None:
    made = created(owner)
    [delivery] = delivered(made)
    path = f"{PATH}/{made['id']}/deliveries/{delivery.public_id}"
    again = data_of(owner.post(f"{path}/replay"), 201)
    assert (again["replay_of"], again["event_id"], again["status"]) == (
        delivery.public_id,
        delivery.event_id,
        "pending",
    )
    error_of(owner.post(f"{PATH}/{made['id']}/deliveries/{again['id']}/replay"), 409, "DELIVERY_PENDING")


def test_a_range_is_counted_before_it_is_sent_again(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    made = created(owner)
    delivered(made, 2)
    delivered(made, 1, status="failed")
    delivered(made, 1, status="pending")
    path = f"{PATH}/{made['id']}/replay"
    asked = {"since": timestamp(now() - timedelta(hours=1)), "until": timestamp(now() + timedelta(hours=1))}
    assert data_of(owner.post(path, asked)) == {"count": 3, "replayed": 0}
    assert data_of(owner.post(path, {**asked, "status": "failed"})) == {"count": 1, "replayed": 0}
    assert "It is 3 now" in error_of(owner.post(path, {**asked, "count": 2}), 409, "REPLAY_CHANGED")["message"]
    assert WebhookDelivery.objects.count() == 4
    assert data_of(owner.post(path, {**asked, "count": 3})) == {"count": 3, "replayed": 3}
    assert WebhookDelivery.objects.filter(replay_of__isnull=False, status="pending").count() == 3
    WebhookDelivery.objects.update(status="delivered")
    assert data_of(owner.post(path, asked)) == {"count": 4, "replayed": 0}
    backwards = {"since": asked["until"], "until": asked["since"]}
    assert paths_of(error_of(owner.post(path, backwards), 422, "INVALID_PARAMS")) == ["until"]
    monkeypatch.setattr("aijobs.webhooks.replaying.MOST_REPLAYED", 3)
    assert paths_of(error_of(owner.post(path, asked), 422, "INVALID_PARAMS")) == ["until"]


def test_what_is_asked_for_and_waits_is_bounded(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    made = created(owner)
    delivered(made, 2)
    delivered(made, 5, status="pending")
    monkeypatch.setattr(TooManyReplays, "most", 3)
    path = f"{PATH}/{made['id']}"
    owner.post(f"{path}/ping")
    asked = {"since": timestamp(now() - timedelta(hours=1)), "until": timestamp(now() + timedelta(hours=1))}
    assert data_of(owner.post(f"{path}/replay", {**asked, "count": 2})) == {"count": 2, "replayed": 2}
    error_of(owner.post(f"{path}/replay", {**asked, "count": 2}), 409, "TOO_MANY_REPLAYS")
    error_of(owner.post(f"{path}/ping"), 409, "TOO_MANY_REPLAYS")
    WebhookDelivery.objects.filter(type="ping").update(status="delivered")
    data_of(owner.post(f"{path}/ping"), 201)


ACTIONS = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/ping"),
    ("POST", "/resume"),
    ("POST", "/rotate-secret"),
    ("GET", "/deliveries"),
    ("GET", "/deliveries/{delivery}"),
    ("POST", "/deliveries/{delivery}/replay"),
    ("POST", "/replay"),
]
BODIES: dict[str, object] = {"": {}, "/replay": {"since": "2026-03-12T00:00:00Z", "until": "2026-03-13T00:00:00Z"}}


def test_it_is_its_tenants_alone(owner: Caller, outsider: Caller, subtests: pytest.Subtests) -> None:
    made, others = created(owner), created(outsider)
    [delivery] = delivered(made)
    for method, path in ACTIONS:
        body = BODIES.get(path) if method != "GET" else None
        there = path.format(delivery=delivery.public_id)
        with subtests.test(method=method, path=path):
            error_of(outsider.request(method, f"{PATH}/{made['id']}{there}", body), 404, "WEBHOOK_NOT_FOUND")
            for nobodys in (NO_WEBHOOK, "wh_1", "x"):
                error_of(owner.request(method, f"{PATH}/{nobodys}{there}", body), 404, "WEBHOOK_NOT_FOUND")
            if "{delivery}" in path:
                error_of(outsider.request(method, f"{PATH}/{others['id']}{there}", body), 404, "DELIVERY_NOT_FOUND")
                nobodys = path.format(delivery=NO_DELIVERY)
                error_of(owner.request(method, f"{PATH}/{made['id']}{nobodys}", body), 404, "DELIVERY_NOT_FOUND")
    assert outsider.get(PATH).json()["data"][0]["id"] == others["id"]
    assert data_of(owner.get(f"{PATH}/{made['id']}"))["updated_at"] == made["updated_at"]


def test_it_needs_its_scopes(owner: Caller, subtests: pytest.Subtests) -> None:
    of_one = [(method, f"{PATH}/{NO_WEBHOOK}{path.format(delivery=NO_DELIVERY)}") for method, path in ACTIONS]
    writer = caller(owner.tenant, ("webhooks:write", "ai-jobs:read"))
    reader = caller(owner.tenant, ("webhooks:read", "ai-jobs:write"))
    for method, address in [("GET", PATH), ("POST", PATH), *of_one]:
        with subtests.test(method=method, address=address):
            who = writer if method == "GET" else reader
            error_of(who.request(method, address, {}), 403, "INSUFFICIENT_SCOPE")
