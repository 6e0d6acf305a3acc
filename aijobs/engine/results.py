"""Results as they are stored: JSON, finite and bounded."""

import math

import orjson

from aijobs.errors import PermanentFailure

# A row of PostgreSQL may hold a gigabyte, but whoever reads it holds it several times over.
LARGEST_RESULT_BYTES = 64 * 1024 * 1024


def encoded(result: object) -> str:
    """The result as JSON. Raises PermanentFailure: computing it again would come to the same."""
    text = orjson.dumps(result)
    if len(text) > LARGEST_RESULT_BYTES:
        raise PermanentFailure(
            "RESULT_TOO_LARGE",
            f"The result has {len(text):,} bytes, but the service stores {LARGEST_RESULT_BYTES:,} at most. "
            "Split the work into several jobs.",
        )
    # orjson writes NaN and infinities as null, without a word; nearly every result is cleared by looking for that.
    if b"null" in text and not _is_finite(result):
        raise PermanentFailure("RESULT_INVALID", "The result was not stored: it has a number that is not finite.")
    return text.decode()


def _is_finite(value: object) -> bool:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, float) and not math.isfinite(each):
            return False
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list | tuple):
            waiting.extend(each)
    return True
