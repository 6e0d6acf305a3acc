"""How a webhook fares, in a word and a sentence: for the API and the admin alike."""

from datetime import datetime
from typing import Literal

from django.utils.timezone import now

from aijobs.models import Webhook

State = Literal["active", "failing", "paused", "disabled"]


def of(webhook: Webhook) -> tuple[State, str]:
    """The state, and why it is not active."""
    if not webhook.enabled:
        return "disabled", webhook.disabled_reason or "It was disabled by its tenant, or by staff."
    if webhook.paused_at:
        return "paused", webhook.pause_reason
    if webhook.failures:
        return "failing", webhook.last_error
    return "active", ""


def previous_until(webhook: Webhook) -> datetime | None:
    """Until when the secret before the present one signs, if it still does."""
    until = webhook.previous_until
    return until if until and until > now() else None
