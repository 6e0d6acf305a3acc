"""DELETE /api/catalogue/<kind>: what was imported wrongly is taken out again."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request

from aijobs.api.answering import GivingWay
from aijobs.api.authentication import principal_of, tenant_of
from aijobs.api.wire.filters import check_names, flag, invalid
from aijobs.api.wire.openapi import HEADERS, View, errors, parameter
from aijobs.errors import ApiError
from workers.catalogue import removal
from workers.catalogue.api.filters import (
    DAY_SCHEMA,
    MARKETPLACE_SCHEMA,
    SKU_SCHEMA,
    days_of,
    required_marketplace,
    sku_of,
)
from workers.catalogue.importing.kind import Kind
from workers.catalogue.kinds import PRODUCTS
from workers.catalogue.removal import DEPENDENTS, Removed, Wanted

TAGS = ["Catalogue"]
# The refused products that an answer names; it counts all.
MOST_NAMED = 1_000

PARAMETERS = [
    *HEADERS,
    parameter("marketplace", MARKETPLACE_SCHEMA, "The marketplace whose rows are removed.", required=True),
    parameter("sku", SKU_SCHEMA, "Remove only what belongs to this SKU."),
]
DAYS = [
    parameter("from", DAY_SCHEMA, "Remove only what is of this day or later, in UTC."),
    parameter("to", DAY_SCHEMA, "Remove only what is of this day or earlier, in UTC."),
]
FLAGS = [
    parameter("all", bool, "Must be `true` to remove everything of the marketplace, without any other filter."),
    parameter("dry_run", bool, "With `true`, the service counts the rows and removes nothing."),
]


class RemovalView(BaseModel):
    deleted: int = Field(description="How many rows were removed; or, in a dry run, how many would be.")
    dry_run: bool


class RefusedProduct(BaseModel):
    sku: str
    reason: str = Field(examples=["CHANGE_IN_PROGRESS"])


class ProductRemovalView(RemovalView):
    sales: int = Field(description="How many sales went with the products.")
    offers: int = Field(description="How many competitors' offers went with the products.")
    reviews: int = Field(description="How many reviews went with the products.")
    returns: int = Field(description="How many returns went with the products.")
    listings: int = Field(description="How many listings went with the products.")
    competitor_listings: int = Field(description="How many competitors' listings of the products went with them.")
    keywords: int = Field(description="How many keywords went with the products.")
    scans: int = Field(description="How many competitor scans went with the products.")
    refused: int = Field(
        description="How many products were left, because a price change of theirs is on its way to the marketplace."
    )
    skipped: list[RefusedProduct] = Field(description="The first thousand of the products that were left.")


class RemovalAnswer(BaseModel):
    data: RemovalView


class ProductRemovalAnswer(BaseModel):
    data: ProductRemovalView


def describe_removal(kind: Kind[Any], *refusals: type[ApiError]) -> Callable[[View], View]:
    """`refusals`: those that it has in common with imports."""
    described: Callable[[View], View] = extend_schema(
        operation_id=f"remove_{kind.name}",
        tags=TAGS,
        summary=f"Remove {kind.documentation.rows}",
        description=_description(kind),
        parameters=[*PARAMETERS, *(DAYS if kind.day else []), *FLAGS],
        responses={200: ProductRemovalAnswer if kind is PRODUCTS else RemovalAnswer, **errors(*refusals)},
    )
    return described


OF_PRODUCTS = (
    "Their sales, offers, reviews, returns, listings, keywords and scans go with them, and the audit of their price "
    "changes stays. A product whose price change is on its way to the marketplace is left, and named: try again when "
    "that change has settled. "
)


def _description(kind: Kind[Any]) -> str:
    which = "a SKU, days, or both" if kind.day else "a SKU"
    return (
        f"This is for what was imported wrongly. Say which {kind.documentation.rows} with {which}; or `all=true`. "
        f"{OF_PRODUCTS if kind is PRODUCTS else ''}The rows are removed in small steps, so imports and jobs go on "
        "meanwhile. If a request is interrupted, what was removed by then is gone: repeat it. The service records "
        "who removed what, and how much."
    )


def wanted_of(kind: Kind[Any], request: Request) -> tuple[Wanted, bool]:
    """What is to be removed, and whether it is only to be counted. Raises InvalidFilter."""
    query = request.query_params
    filters = ["sku", "from", "to"] if kind.day else ["sku"]
    check_names(query, {"marketplace", "all", "dry_run", *filters})
    marketplace, sku, everything = required_marketplace(query), sku_of(query), flag(query, "all")
    first, last = days_of(query)
    if everything == (sku is not None or first is not None or last is not None):
        raise invalid("all", _about_all(kind, filters, everything))
    return Wanted(kind, tenant_of(request).id, marketplace, sku, first, last), flag(query, "dry_run")


def _about_all(kind: Kind[Any], filters: list[str], everything: bool) -> str:
    names = " or ".join(filters) if len(filters) < 3 else f"{', '.join(filters[:-1])} or {filters[-1]}"
    if everything:
        return f"means everything of the marketplace: leave it out, or leave out {names}"
    return f"must be true to remove all {kind.documentation.rows} of a marketplace; or say which with {names}"


def answer(wanted: Wanted, dry_run: bool, request: Request) -> dict[str, object]:
    """Remove or count; a `RemovalView`, or of products a `ProductRemovalView`."""
    key_id = principal_of(request).key_id
    removed = removal.count(wanted) if dry_run else removal.remove(wanted, key_id, GivingWay())
    shown: dict[str, object] = {"deleted": removed.rows[wanted.kind.name], "dry_run": dry_run}
    return shown | _of_products(removed) if wanted.kind is PRODUCTS else shown


def _of_products(removed: Removed) -> dict[str, object]:
    return {
        **{name: removed.rows[name] for name in DEPENDENTS},
        "refused": len(removed.refused),
        "skipped": [{"sku": sku, "reason": "CHANGE_IN_PROGRESS"} for sku in removed.refused[:MOST_NAMED]],
    }
