"""Public ids: a prefix and a ULID in its canonical 26 characters; stored as a UUID of the same 128 bits.

ULIDs order by time, so ids are the keyset of every list and date filters are ranges of ids.
"""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from ulid import ULID

JOB_PREFIX = "job_"
BATCH_PREFIX = "batch_"
BULK_PREFIX = "bulk_"
SCHEDULE_PREFIX = "schedule_"
EVENT_PREFIX = "evt_"
WEBHOOK_PREFIX = "wh_"
DELIVERY_PREFIX = "whd_"
# Crockford's base 32 in upper case; 130 bits hold 128, so the first character is at most 7.
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
JOB_PATTERN, BATCH_PATTERN, BULK_PATTERN, SCHEDULE_PATTERN = (
    f"^{prefix}{_ULID.pattern}$" for prefix in (JOB_PREFIX, BATCH_PREFIX, BULK_PREFIX, SCHEDULE_PREFIX)
)
WEBHOOK_PATTERN, DELIVERY_PATTERN = (f"^{prefix}{_ULID.pattern}$" for prefix in (WEBHOOK_PREFIX, DELIVERY_PREFIX))
# Of X-Request-ID: what a line of a log can hold.
REQUEST_ID_PATTERN = "^[A-Za-z0-9._:-]{1,128}$"
_RANDOM_BITS = 80
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_MILLISECOND = 2**48 - 1


def new_id() -> UUID:
    """A new id, larger than every earlier one of this process (also within one millisecond)."""
    return ULID().to_uuid()


def encode(prefix: str, value: UUID) -> str:
    return f"{prefix}{ULID.from_uuid(value)}"


def decode(prefix: str, text: str) -> UUID | None:
    """The UUID of a public id, or None for an id of any other form."""
    body = text.removeprefix(prefix)
    if len(body) == len(text) or not _ULID.fullmatch(body):
        return None
    return ULID.from_str(body).to_uuid()


def created_at(value: UUID) -> datetime:
    """The moment inside an id, in UTC, to the millisecond."""
    return _EPOCH + timedelta(milliseconds=value.int >> _RANDOM_BITS)


def first_id_at(moment: datetime) -> UUID:
    """The smallest id created at or after `moment` (rounded up to the millisecond)."""
    microseconds = (moment - _EPOCH) // timedelta(microseconds=1)
    return UUID(int=_clamp(-(-microseconds // 1000)) << _RANDOM_BITS)


def last_id_at(moment: datetime) -> UUID:
    """The largest id created at or before `moment`, its whole millisecond included."""
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    return UUID(int=(_clamp(milliseconds) << _RANDOM_BITS) | (2**_RANDOM_BITS - 1))


def _clamp(milliseconds: int) -> int:
    return min(max(milliseconds, 0), _LARGEST_MILLISECOND)
