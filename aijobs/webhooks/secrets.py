"""What an endpoint's deliveries are signed with. In the database they are sealed, and each is shown once."""

import base64
from dataclasses import dataclass, field
from secrets import token_bytes

from aijobs.models import Webhook
from aijobs.outbound import sealing
from aijobs.outbound.failures import Permanent

PURPOSE = "webhook"
PREFIX = "whsec_"
# As the standard recommends: from 24 to 64.
SIZE = 24


@dataclass(frozen=True, slots=True)
class Secrets:
    """`previous`: the one before, or ""."""

    current: str = field(repr=False)
    previous: str = field(default="", repr=False)


def new(previous: str = "") -> Secrets:
    """A new secret beside the one that it replaces."""
    return Secrets(PREFIX + base64.b64encode(token_bytes(SIZE)).decode(), previous)


def seal(secrets: Secrets, *, tenant_id: int, webhook_id: object) -> str:
    """The text to be stored with this webhook, and that opens with no other one."""
    owner = _owner(tenant_id, webhook_id)
    return sealing.seal({"current": secrets.current, "previous": secrets.previous}, purpose=PURPOSE, owner=owner)


def unseal(sealed: str, *, tenant_id: int, webhook_id: object) -> Secrets:
    """Raises Permanent where no configured key opens them."""
    try:
        return Secrets(**sealing.unseal(sealed, purpose=PURPOSE, owner=_owner(tenant_id, webhook_id)))
    except sealing.Unreadable:
        raise Permanent(
            "SECRET_UNREADABLE",
            "The service cannot decrypt the webhook's secret with its keys. Rotate the secret to get a new one.",
        ) from None


def rotate_all() -> tuple[int, list[str]]:
    """Seal all secrets with the first key; returns how many, and the webhooks whose secret no key opens."""
    rotated, unreadable = 0, []
    for row in Webhook.objects.exclude(sealed_secrets="").select_related("tenant").order_by("pk").iterator():
        try:
            renewed = sealing.rotate(row.sealed_secrets, purpose=PURPOSE)
        except sealing.Unreadable:
            unreadable.append(f"{row.tenant.name}/{row.public_id}")
            continue
        # One that was rotated meanwhile has the first key already.
        unchanged = Webhook.objects.filter(pk=row.pk, sealed_secrets=row.sealed_secrets)
        rotated += unchanged.update(sealed_secrets=renewed)
    return rotated, unreadable


def _owner(tenant_id: int, webhook_id: object) -> str:
    return f"{tenant_id}:{webhook_id}"
