"""API keys: made, hashed, looked up. A key's row is read at most once in five seconds per process."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.utils import timezone

from aijobs import sql
from aijobs.errors import TenantMismatch, TenantSuspended, Unauthenticated
from aijobs.models import ApiKey, Tenant

# The stated delay of a revocation, of a suspension and of a changed scope.
CACHE_SECONDS = 5.0
# `last_used_at` is for people who tidy up: once a minute is exact enough, and no write per request.
TOUCH_EVERY = timedelta(minutes=1)
# Bounds the cache against a flood of invented keys, which are cached too.
CACHE_SIZE = 10_000
KEY_PREFIX = "aij_"
_VISIBLE = len(KEY_PREFIX) + 8


@dataclass(frozen=True, slots=True)
class TenantAccess:
    """A tenant as its keys see it: immutable, shared between requests."""

    id: int
    name: str
    timezone: str
    suspended: bool
    release_window: int | None
    max_running: int | None
    queue_limit: int | None
    # Requests of a key in a minute; of what the service dispatches itself there are none.
    rate_limit: int | None = None

    @classmethod
    def of(cls, tenant: Tenant) -> "TenantAccess":
        """For whoever dispatches in a tenant's name without a key of its."""
        return cls(
            id=tenant.pk,
            name=tenant.name,
            timezone=tenant.timezone,
            suspended=tenant.suspended_at is not None,
            release_window=tenant.release_window,
            max_running=tenant.max_running,
            queue_limit=tenant.queue_limit,
        )


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: a valid key with its scopes and tenants."""

    key_id: int
    scopes: frozenset[str]
    tenants: tuple[TenantAccess, ...]
    expires_at: datetime | None

    # Asked by Django REST framework of every user.
    is_authenticated = True

    def tenant(self, name: str | None) -> TenantAccess:
        """The tenant that X-Tenant-ID names; without one, the key's only tenant."""
        matching = [each for each in self.tenants if name is None or each.name == name]
        if len(matching) != 1:
            raise TenantMismatch(
                None if name is not None else "This API key belongs to several tenants. Name one in X-Tenant-ID."
            )
        if matching[0].suspended:
            raise TenantSuspended()
        return matching[0]


def create_key(
    tenants: Iterable[Tenant], scopes: Iterable[str], *, expires_at: datetime | None = None, label: str = ""
) -> tuple[ApiKey, str]:
    """A new key and its secret. The secret is nowhere else: show it now."""
    secret = new_secret()
    key = ApiKey.objects.create(
        label=label,
        prefix=secret[:_VISIBLE],
        key_hash=digest(secret),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    key.tenants.set(tenants)
    return key, secret


def new_secret() -> str:
    """256 random bits: a plain hash of it cannot be guessed back, so no slow hash is needed on every request."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Standing:
    suspended: bool


HOLD = "SELECT suspended_at IS NOT NULL AS suspended FROM aijobs_tenant WHERE id = %(tenant)s::bigint FOR SHARE"


def hold_active(tenant_id: int) -> None:
    """Keep the tenant from being suspended until the transaction ends. Raises TenantSuspended.

    A request learns of a suspension only when its key is read again.
    """
    [standing] = sql.rows(_Standing, HOLD, {"tenant": tenant_id})
    if standing.suspended:
        raise TenantSuspended()


class _Cache:
    """Per process: key hash or id → (principal or None, the monotonic moment it goes stale)."""

    def __init__(self) -> None:
        self._entries: dict[str | int, tuple[Principal | None, float]] = {}

    def lookup(self, key: str | int) -> Principal | None:
        """By a key's hash, or by its id."""
        now = monotonic()
        found = self._entries.get(key)
        if found is not None and found[1] > now:
            return found[0]
        principal = _load(key)
        if len(self._entries) >= CACHE_SIZE:
            self._entries.clear()
        self._entries[key] = (principal, now + CACHE_SECONDS)
        return principal

    def clear(self) -> None:
        self._entries.clear()


cache = _Cache()


def authenticate(secret: str) -> Principal:
    """The principal behind a key. Unknown, expired and revoked keys are told apart by nobody."""
    if principal := _valid(digest(secret)):
        return principal
    raise Unauthenticated("This API key is unknown, expired or revoked. Use a valid one.")


def of_ticket(key_id: int) -> Principal:
    """The principal behind the key that a ticket was made with."""
    if principal := _valid(key_id):
        return principal
    raise Unauthenticated("The API key that this ticket was made with is expired or revoked. Use a valid one.")


def _valid(key: str | int) -> Principal | None:
    principal = cache.lookup(key)
    if principal is None or (principal.expires_at is not None and principal.expires_at <= timezone.now()):
        return None
    return principal


@dataclass(frozen=True, slots=True)
class _Allowed:
    key: int
    tenant: int


def still_allowed(pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Which of these keys may read these tenants' jobs by now: for whoever stays connected."""
    asked = list(pairs)
    parameters = {"keys": [key for key, _ in asked], "tenants": [tenant for _, tenant in asked]}
    return {(each.key, each.tenant) for each in sql.rows(_Allowed, ALLOWED, parameters)}


@dataclass(frozen=True, slots=True)
class _Key:
    id: int
    scopes: list[str]
    expires_at: datetime | None
    touch: bool


_KEY = """
SELECT id, scopes, expires_at,
    coalesce(last_used_at < now() - make_interval(secs => %(touch_every)s::float), true) AS touch
FROM aijobs_apikey
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
"""
KEY_BY_HASH = f"{_KEY} AND key_hash = %(key)s::text"
KEY_BY_ID = f"{_KEY} AND id = %(key)s::bigint"

TENANTS = """
SELECT tenant.id, name, timezone, suspended_at IS NOT NULL AS suspended, release_window, max_running, queue_limit,
    rate_limit
FROM aijobs_apikey_tenants of_key JOIN aijobs_tenant tenant ON tenant.id = of_key.tenant_id
WHERE of_key.apikey_id = %(key)s::bigint
ORDER BY tenant.id
"""

ALLOWED = """
SELECT asked.key, asked.tenant FROM unnest(%(keys)s::bigint[], %(tenants)s::bigint[]) AS asked(key, tenant)
JOIN aijobs_apikey key ON key.id = asked.key
JOIN aijobs_apikey_tenants of_key ON of_key.apikey_id = asked.key AND of_key.tenant_id = asked.tenant
JOIN aijobs_tenant tenant ON tenant.id = asked.tenant
WHERE key.revoked_at IS NULL AND (key.expires_at IS NULL OR key.expires_at > now())
  AND tenant.suspended_at IS NULL AND EXISTS (SELECT FROM unnest(key.scopes) AS held WHERE held LIKE '%%:read')
"""


def _load(wanted: str | int) -> Principal | None:
    statement = KEY_BY_ID if isinstance(wanted, int) else KEY_BY_HASH
    found = sql.rows(_Key, statement, {"key": wanted, "touch_every": TOUCH_EVERY.total_seconds()})
    if not found:
        return None
    key = found[0]
    if key.touch:
        ApiKey.objects.filter(pk=key.id).update(last_used_at=timezone.now())
    return Principal(
        key_id=key.id,
        scopes=frozenset(key.scopes),
        tenants=tuple(sql.rows(TenantAccess, TENANTS, {"key": key.id})),
        expires_at=key.expires_at,
    )
