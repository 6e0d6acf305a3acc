"""The headers of a delivery, as Standard Webhooks has them: an id, a time and a signature by each secret."""

from collections.abc import Sequence
from datetime import datetime

from standardwebhooks import Webhook as Signer


def headers(event_id: str, body: str, secrets: Sequence[str], moment: datetime) -> dict[str, str]:
    """Of one attempt at `moment`, which is in UTC. The id is the same in all attempts: receivers go by it."""
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Signer(secret).sign(event_id, moment, body) for secret in secrets),
    }
