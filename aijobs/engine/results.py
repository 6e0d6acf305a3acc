"""Results as they are stored: JSON, finite and bounded."""

import math
from collections.abc import Iterator, Sequence
from uuid import UUID

import orjson

from aijobs import sql
from aijobs.errors import PermanentFailure

# A row of PostgreSQL may hold a gigabyte, but whoever reads it holds it several times over.
LARGEST_RESULT_BYTES = 64 * 1024 * 1024


def encoded(result: object) -> str:
    """The result as JSON. Raises PermanentFailure: computing it again would come to the same."""
    try:
        text = orjson.dumps(result)
    except TypeError as error:
        raise _invalid(f"cannot be written as JSON ({error})") from None
    if len(text) > LARGEST_RESULT_BYTES:
        raise PermanentFailure(
            "RESULT_TOO_LARGE",
            f"The result has {len(text):,} bytes, but the service stores {LARGEST_RESULT_BYTES:,} at most. "
            "Split the work into several jobs.",
        )
    # Nearly every result is cleared by looking at its bytes. orjson writes NaN and infinities as null, in silence.
    if b"null" in text and not all(map(_is_finite, _values(result))):
        raise _invalid("contains a number that is not finite")
    # Whoever reads a text with it cannot store it in PostgreSQL again.
    if b"\\u0000" in text and any(isinstance(each, str) and "\0" in each for each in _values(result)):
        raise _invalid("contains a text with the character U+0000")
    return text.decode()


def _invalid(problem: str) -> PermanentFailure:
    return PermanentFailure(
        "RESULT_INVALID",
        f"The result {problem}, so it was not stored. This is an error in the service: tell the operator the job's "
        "ID.",
    )


def delete(ids: Sequence[UUID], tenant_id: int) -> int:
    """Forget the results of those of a tenant's jobs that have one; else they stay as they are. Returns how many."""
    return sql.execute(DELETE, {"ids": list(ids), "tenant": tenant_id})


DELETE = """
UPDATE aijobs_job SET result = NULL
WHERE id = ANY(%(ids)s::uuid[]) AND tenant_id = %(tenant)s::bigint
  AND status || '' IN ('completed', 'cancelled') AND result IS NOT NULL
RETURNING id
"""


def _is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _values(value: object) -> Iterator[object]:
    """All that a result holds, the names in its objects too."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        yield each
        if isinstance(each, dict):
            waiting.extend(each)
            waiting.extend(each.values())
        elif isinstance(each, list | tuple):
            waiting.extend(each)
