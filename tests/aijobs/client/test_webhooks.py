"""Deliveries are told from what others send."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from aijobs.client import InvalidSignature, verify_webhook

SECRET, OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = json.dumps({"id": "evt_1", "type": "job.completed", "seq": 4}).encode()


def headers(*secrets: str, body: bytes = BODY, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    signatures = [Webhook(secret).sign("evt_1", at, body.decode()) for secret in secrets]
    return {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": " ".join(signatures),
    }


def test_a_delivery_is_the_event_in_it() -> None:
    assert verify_webhook(SECRET, headers(SECRET), BODY) == json.loads(BODY)


def test_while_a_secret_changes_either_is_good() -> None:
    both = headers(OTHER, SECRET)
    assert verify_webhook(SECRET, both, BODY) == verify_webhook(OTHER, both, BODY)


@pytest.mark.parametrize(
    ("secret", "changes", "body"),
    [
        (OTHER, {}, BODY),
        (SECRET, {}, BODY.replace(b"4", b"5")),
        (SECRET, {"Webhook-Signature": "v1,"}, BODY),
        (SECRET, {"Webhook-Signature": "nonsense"}, BODY),
        (SECRET, {"Webhook-Timestamp": "yesterday"}, BODY),
        (SECRET, None, BODY),
        ("", {}, BODY),
        (SECRET, {}, b"\xff"),
    ],
    ids=[
        "another secret",
        "another body",
        "no signature",
        "not one",
        "no time",
        "no headers",
        "no secret",
        "no text",
    ],
)
def test_anything_else_is_refused(secret: str, changes: dict[str, str] | None, body: bytes) -> None:
    # Of this moment: later it would be refused for its age.
    sent = {} if changes is None else headers(SECRET) | changes
    with pytest.raises(InvalidSignature):
        verify_webhook(secret, sent, body)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_delivery_of_another_time_is_refused(minutes: int) -> None:
    with pytest.raises(InvalidSignature, match="timestamp"):
        verify_webhook(SECRET, headers(SECRET, at=datetime.now(UTC) + timedelta(minutes=minutes)), BODY)
