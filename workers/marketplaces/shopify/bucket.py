"""Shopify's rate limit: a bucket of points per app and shop, which each query takes from and time fills.

Other processes take from it too, and Shopify tells in every answer what is left: nothing is shared between ours.
"""

import time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# A bucket has thousands of points. The limit keeps what is nonsense out of the arithmetic.
_Points = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class _ThrottleStatus(BaseModel):
    model_config = ConfigDict(strict=True)

    maximum: _Points = Field(alias="maximumAvailable")
    available: _Points = Field(alias="currentlyAvailable")
    # Points per second.
    restore_rate: _Points = Field(alias="restoreRate", gt=0)


class _Cost(BaseModel):
    model_config = ConfigDict(strict=True)

    requested: _Points = Field(alias="requestedQueryCost")
    status: _ThrottleStatus = Field(alias="throttleStatus")


class _Extensions(BaseModel):
    cost: _Cost


class Bucket:
    """The bucket as the last answer showed it, filled since."""

    def __init__(self) -> None:
        self._status: _ThrottleStatus | None = None
        self._seen_at = 0.0
        self._requested: dict[str, float] = {}

    def see(self, query: str, extensions: object) -> bool:
        """Note what an answer to the named query says. False where it says nothing that can be understood."""
        try:
            cost = _Extensions.model_validate(extensions).cost
        except ValidationError:
            return False
        self._status, self._seen_at = cost.status, time.monotonic()
        self._requested[query] = cost.requested
        return True

    def seconds_until(self, query: str) -> float:
        """Until the bucket covers the query. 0 for one that was never sent: its cost is Shopify's to say."""
        if self._status is None:
            return 0.0
        # What exceeds the whole bucket is not worth a wait: Shopify says so at once.
        needed = min(self._requested.get(query, 0.0), self._status.maximum)
        restored = (time.monotonic() - self._seen_at) * self._status.restore_rate
        return max(0.0, (needed - self._status.available - restored) / self._status.restore_rate)
