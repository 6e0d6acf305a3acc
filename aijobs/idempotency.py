"""Idempotency-Key: the first 2xx answer of a key is replayed for 24 hours.

The key's row is inserted by the statement that inserts the jobs (see statements.DISPATCH), and by `keep` for what
else takes keys; here it is read.
"""

import hashlib
import re
from datetime import timedelta

import orjson
from django.utils.timezone import now

from aijobs import sql
from aijobs.errors import IdempotencyConflict, IdempotencyKeyReused, InvalidRequest
from aijobs.models import IdempotencyKey

LIFETIME = timedelta(hours=24)
# ASCII without control characters: servers do not agree on what other bytes of a header mean. They take white space
# around it away.
PATTERN = "[!-~]([ -~]{0,253}[!-~])?"
_KEY = re.compile(PATTERN)


def validate(key: str | None) -> str | None:
    """The header's value, or None without one. Raises InvalidRequest."""
    if key is None or _KEY.fullmatch(key):
        return key
    form = "must have 1 to 255 ASCII characters and no control characters"
    raise InvalidRequest(f"Idempotency-Key {form}.", [{"path": "Idempotency-Key", "message": form}])


def fingerprint(endpoint: str, body: dict[str, object]) -> bytes:
    """SHA-256 of what was asked for: neither white space nor the order of keys makes another request."""
    return hashlib.sha256(endpoint.encode() + b"\n" + orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).digest()


def find(tenant_id: int, key: str, wanted: bytes) -> IdempotencyKey | None:
    """The first answer under this key. Raises IdempotencyKeyReused when it was to another request.

    A key past its lifetime is deleted, and free again.
    """
    stored = IdempotencyKey.objects.filter(tenant_id=tenant_id, key=key).first()
    if stored is None:
        return None
    if stored.created_at < now() - LIFETIME:
        IdempotencyKey.objects.filter(pk=stored.pk).delete()
        return None
    if bytes(stored.fingerprint) != wanted:
        raise IdempotencyKeyReused()
    return stored


def keep(tenant_id: int, key: str, fingerprint: bytes, answer: str) -> None:
    """Keep a first answer, in the transaction of what it tells of.

    Raises IdempotencyConflict where the key is taken.
    """
    parameters = {"tenant": tenant_id, "key": key, "fingerprint": fingerprint, "answer": answer}
    try:
        kept = sql.execute(KEEP, parameters)
    except sql.LockTimeout:
        kept = 0
    if not kept:
        raise IdempotencyConflict(retry_after=1)


KEEP = """
INSERT INTO aijobs_idempotencykey (tenant_id, key, fingerprint, answer, created_at)
VALUES (%(tenant)s::bigint, %(key)s::text, %(fingerprint)s::bytea, %(answer)s::text, now())
ON CONFLICT (tenant_id, key) DO NOTHING
RETURNING id
"""
