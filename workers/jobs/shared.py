"""What several job types share: fields of params and results, and the failures of their first steps."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from aijobs.errors import PermanentFailure
from aijobs.registry import Context
from workers.catalogue.models import LONGEST_SKU, MARKETPLACE_PATTERN
from workers.marketplaces import connections
from workers.marketplaces.models import Connection

LARGEST_REQUEST = 1000


def connection_of(context: Context, marketplace: str) -> Connection:
    """The tenant's connection. Raises PermanentFailure where it was removed since the job was accepted."""
    connection = connections.find(context.tenant_id, marketplace)
    if connection is None:
        raise PermanentFailure(
            "MARKETPLACE_NOT_CONFIGURED",
            "The marketplace is no longer configured. Configure it, and dispatch the job again.",
        )
    return connection


def no_matching_skus(marketplace: str) -> PermanentFailure:
    return PermanentFailure(
        "NO_MATCHING_SKUS",
        f"None of the SKUs is in the catalogue of {marketplace}. Import the products first.",
    )


def _no_duplicates(skus: list[str]) -> list[str]:
    seen: set[str] = set()
    for sku in skus:
        if sku in seen:
            raise ValueError(f"{sku!r} is listed more than once")
        seen.add(sku)
    return skus


Sku = Annotated[str, Field(min_length=1, max_length=LONGEST_SKU, pattern=r"^[^\x00-\x1f\x7f]+$")]
Skus = Annotated[
    list[Sku],
    Field(min_length=1, max_length=LARGEST_REQUEST, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_no_duplicates),
]
Marketplace = Annotated[str, Field(pattern=f"^{MARKETPLACE_PATTERN}$", examples=["amazon_us"])]


def is_none(value: object) -> bool:
    return value is None


class Skipped(BaseModel):
    sku: str
    reason: str = Field(examples=["UNKNOWN_SKU", "SUSPICIOUS_OFFER", "PRICE_CHANGED"])
    seller: str | None = Field(
        default=None,
        exclude_if=is_none,
        description="The seller, if this is about one competitor's offer of the SKU.",
    )
    detail: str | None = Field(
        default=None, exclude_if=is_none, description="More about the reason, if there is more to say."
    )
