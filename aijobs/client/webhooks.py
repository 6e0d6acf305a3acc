"""Whether a webhook came from the service. It signs as https://www.standardwebhooks.com says."""

from collections.abc import Mapping
from typing import TypedDict

from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError


class WebhookEvent(TypedDict):
    """What a delivery says. It is thin: fetch the job for the rest."""

    id: str
    type: str
    job_id: str
    seq: int
    at: str
    status: str
    attempt: int
    link: str


class InvalidSignature(ValueError):
    """This is not a delivery of the service, it is older than five minutes, or the secret is another endpoint's."""


def verify_webhook(secret: str, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
    """The event in a delivery. Raises InvalidSignature, and then answer 400 and do nothing.

    `body`: the bytes as they came, before anything parses them. Deliveries come at least once: remember the header
    `webhook-id`, which stays the same, if doing a thing twice matters.
    """
    try:
        event: WebhookEvent = Webhook(secret).verify(body, dict(headers))
    except (WebhookVerificationError, EmptyWebhookSecretError, ValueError) as error:
        raise InvalidSignature(f"This is not a delivery of the service: {error}.") from None
    return event
