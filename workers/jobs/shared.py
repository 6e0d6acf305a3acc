"""Fields that the params and results of several job types share."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

LARGEST_REQUEST = 1000


def _no_duplicates(skus: list[str]) -> list[str]:
    seen: set[str] = set()
    for sku in skus:
        if sku in seen:
            raise ValueError(f"{sku!r} is listed more than once")
        seen.add(sku)
    return skus


Sku = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Skus = Annotated[list[Sku], Field(min_length=1, max_length=LARGEST_REQUEST), AfterValidator(_no_duplicates)]
Marketplace = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,32}$", examples=["amazon_us"])]


def _is_none(value: object) -> bool:
    return value is None


class Skipped(BaseModel):
    sku: str
    reason: str = Field(examples=["UNKNOWN_SKU", "SUSPICIOUS_OFFER", "PRICE_CHANGED"])
    seller: str | None = Field(
        default=None, exclude_if=_is_none, description="Where one competitor's offer of the SKU is meant."
    )
    detail: str | None = Field(default=None, exclude_if=_is_none, description="In words, where there is more to say.")
