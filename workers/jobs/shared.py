"""What several job types share: fields of params and results, which products they take, and their first failures."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Protocol

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationInfo, field_validator

from aijobs.errors import PermanentFailure
from aijobs.registry import Context, Params
from aijobs.shapes import Form
from workers.catalogue.models import LONGEST_SKU, MARKETPLACE_PATTERN, Product, ProductQuerySet
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


class OfMarketplace(Protocol):
    @property
    def marketplace(self) -> str: ...


def admit(params: OfMarketplace, tenant_id: int) -> None:
    """Of the types that look into nothing else when they are dispatched. Raises MarketplaceNotConfigured."""
    connections.admit(params.marketplace, tenant_id)


def _no_duplicates(skus: list[str]) -> list[str]:
    seen: set[str] = set()
    for sku in skus:
        if sku in seen:
            raise ValueError(f"{sku!r} is listed more than once")
        seen.add(sku)
    return skus


Sku = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_SKU),
    Form(r"^[^\x00-\x1f\x7f]+$", "must be one line without control characters"),
]
Skus = Annotated[
    list[Sku],
    Field(min_length=1, max_length=LARGEST_REQUEST, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_no_duplicates),
]
Marketplace = Annotated[
    str,
    Field(examples=["amazon_us"]),
    Form(f"^{MARKETPLACE_PATTERN}$", "must have 1 to 32 of the characters a-z, 0-9 and _"),
]
# US dollars, as a JSON number. A Decimal would take it as a string as well.
MaxCost = Annotated[float, Field(gt=0, le=10_000)]


def dollars(max_cost: float | None) -> Decimal | None:
    """The number as it was written: 0.1 is not a sum of powers of two."""
    return None if max_cost is None else Decimal(str(max_cost))


# `SkuParams._either_skus_or_all` in JSON Schema.
EITHER_SKUS_OR_ALL: dict[str, JsonValue] = {
    "oneOf": [
        {"required": ["skus"], "properties": {"skus": {"type": "array"}, "all": {"const": False}}},
        {"required": ["all"], "properties": {"skus": {"type": "null"}, "all": {"const": True}}},
    ]
}


class Tokens(BaseModel):
    input: int
    output: int


class SkuParams(Params):
    """Which products of a marketplace a job is about."""

    model_config = ConfigDict(json_schema_extra=EITHER_SKUS_OR_ALL)

    # Before `skus`, whose check looks at it.
    all: bool = Field(default=False, description="Whether to take all products of the marketplace.")
    skus: Skus | None = Field(
        default=None, validate_default=True, description="1 to 1,000 different SKUs. Send either these or `all`."
    )
    marketplace: Marketplace

    @field_validator("skus")
    @classmethod
    def _either_skus_or_all(cls, skus: list[str] | None, info: ValidationInfo) -> list[str] | None:
        """Of the field and not of the model, so that it is told beside what else is wrong."""
        if skus is None and info.data.get("all") is False:
            raise ValueError("must be sent, unless all is true")
        if skus is not None and info.data.get("all"):
            raise ValueError("must not be sent if all is true")
        return skus


class ProductParams(SkuParams):
    """The products of a job that looks at each of them: with `all`, those whose turn it is."""

    all: bool = Field(
        default=False,
        description="Whether to take all products of the marketplace, those first whose last job of this type is "
        "longest ago.",
    )
    limit: int = Field(
        default=LARGEST_REQUEST, ge=1, le=LARGEST_REQUEST, description="How many products `all` takes at most."
    )


def nothing_matches(params: SkuParams) -> PermanentFailure:
    what = "There are no products" if params.skus is None else "None of the SKUs is"
    return PermanentFailure(
        "NO_MATCHING_SKUS", f"{what} in the catalogue of {params.marketplace}. Import the products first."
    )


def products_of(
    params: ProductParams, tenant_id: int, in_turn: Callable[[ProductQuerySet], ProductQuerySet]
) -> list[Product]:
    """The products, in the order asked for; with `all`, those whose turn it is: `in_turn` orders them.

    Raises PermanentFailure NO_MATCHING_SKUS.
    """
    rows = Product.objects.of(tenant_id).filter(marketplace=params.marketplace)
    if params.skus is None:
        found = list(in_turn(rows)[: params.limit])
    else:
        position = {sku: index for index, sku in enumerate(params.skus)}
        found = sorted(rows.filter(sku__in=params.skus), key=lambda product: position[product.sku])
    if not found:
        raise nothing_matches(params)
    return found


def rounded(figure: float | None, digits: int = 4) -> float | None:
    return None if figure is None else to_digits(figure, digits)


def to_digits(figure: float, digits: int = 4) -> float:
    """Rounded, and a zero without a sign."""
    return round(figure, digits) + 0.0


def significant(figure: float) -> float:
    """With four significant digits: p-values differ by orders of magnitude."""
    return float(f"{figure:.4g}") + 0.0


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
