"""Customers' names and order ids are kept as keyed hashes only: enough to see that two rows are of the same one.

HMAC-SHA256 with a random key for each tenant, which is in the database only in sealed form.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable

from aijobs import sql
from aijobs.outbound import sealing
from workers.catalogue.models import LONGEST_PSEUDONYM, PseudonymKey

# Part of what the sealing keys are derived from: with another name, nothing that is stored could be read.
_PURPOSE = "pseudonym"

_MAKE = """
INSERT INTO catalogue_pseudonymkey (tenant_id, sealed_key, created_at) VALUES (%(tenant)s, %(key)s, now())
ON CONFLICT (tenant_id) DO NOTHING RETURNING 1
"""


class KeyUnreadable(Exception):
    """No configured key of the service opens the tenant's."""

    def __init__(self) -> None:
        super().__init__(
            "The service cannot decrypt the key with which it hides who wrote a review or placed an order. Ask the "
            "operator to put the key that encrypted it back into AIJOBS_CREDENTIALS_KEYS."
        )


def pseudonym_of(tenant_id: int) -> Callable[[str], str]:
    """What turns a name or an id into 32 hexadecimal digits, and nothing but white space into nothing.

    The tenant's key is made at its first use. Raises KeyUnreadable.
    """
    key = _key(tenant_id)

    def hashed(text: str) -> str:
        text = text.strip()
        return (
            hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:LONGEST_PSEUDONYM]
            if text
            else ""
        )

    return hashed


def _key(tenant_id: int) -> bytes:
    sealed = _sealed(tenant_id)
    try:
        return bytes.fromhex(sealing.unseal(sealed, purpose=_PURPOSE, owner=str(tenant_id))["key"])
    except sealing.Unreadable:
        raise KeyUnreadable() from None


def _sealed(tenant_id: int) -> str:
    stored = PseudonymKey.objects.filter(pk=tenant_id).values_list("sealed_key", flat=True)
    if not stored:
        # Of two that make one at once, the first one's counts.
        made = sealing.seal({"key": secrets.token_hex(32)}, purpose=_PURPOSE, owner=str(tenant_id))
        sql.execute(_MAKE, {"tenant": tenant_id, "key": made})
    return stored.get()


def rotate_all() -> tuple[int, list[str]]:
    """Encrypt all keys with the service's first key; returns how many, and the tenants whose key none decrypts."""
    rotated, unreadable = 0, []
    for row in PseudonymKey.objects.select_related("tenant").order_by("pk").iterator():
        try:
            renewed = sealing.rotate(row.sealed_key, purpose=_PURPOSE)
        except sealing.Unreadable:
            unreadable.append(row.tenant.name)
            continue
        rotated += PseudonymKey.objects.filter(pk=row.pk).update(sealed_key=renewed)
    return rotated, unreadable
