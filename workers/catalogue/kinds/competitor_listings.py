"""Competitors' listings: what others write about theirs."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet
from pydantic import BaseModel, Field

from workers.catalogue.importing import contents, fields
from workers.catalogue.importing.checks import FieldProblem, NoItem
from workers.catalogue.importing.fields import Column, Form, Row
from workers.catalogue.importing.kind import Check, Documentation, Kind, Scope
from workers.catalogue.importing.writing import Table
from workers.catalogue.kinds import synonyms
from workers.catalogue.kinds.listings import LONGEST_DESCRIPTION, LONGEST_ROW
from workers.catalogue.kinds.products import known_products, owner_of, skus_named
from workers.catalogue.models import LONGEST_LABEL, LONGEST_SKU, LONGEST_TITLE, CompetitorListing
from workers.catalogue.pages import Order, Pages, Sort, of_products

TEXTS = ("brand", "title", "bullets", "description", "category", "attributes", "url")


class CompetitorListingView(BaseModel):
    marketplace: str
    external_id: str = Field(
        description="The marketplace's own ID of it, such as an ASIN, or the page's address. It begins with `auto-` "
        "if that is too long."
    )
    sku: str = Field(description="Your product that it competes with. It is empty if unknown.")
    brand: str
    title: str
    bullets: list[str]
    description: str = Field(description="As it was imported, HTML included.")
    category: str
    attributes: dict[str, str] = Field(description='Texts by their names, for example `{"Material": "steel"}`.')
    url: str
    imported_at: datetime


def show(row: CompetitorListing) -> dict[str, object]:
    return {
        "marketplace": row.marketplace,
        "external_id": row.external_id,
        "sku": row.product.sku if row.product else "",
        **{name: getattr(row, name) for name in (*TEXTS, "imported_at")},
    }


def rows(tenant_id: int) -> QuerySet[CompetitorListing]:
    return CompetitorListing.objects.of(tenant_id).prefetch_related("product")


def checker(scope: Scope, names: Collection[str]) -> Check:
    product_of, owner = known_products(scope, names), owner_of(scope)
    own = skus_named(scope, {contents.page_id(name) for name in names})

    def check(row: Row) -> Row:
        external_id = contents.page_id(str(row.get("external_id") or row.get("url") or ""))
        if not external_id:
            raise FieldProblem("external_id" if "external_id" in row else "url", "must not be empty")
        if external_id in own:
            raise NoItem(f"is your own product {own[external_id][0]}, and not a competitor's")
        checked = {**owner, "external_id": external_id, **{name: row[name] for name in TEXTS if name in row}}
        if "sku" in row:
            checked["product_id"] = product_of(row).id if row["sku"] else None
        return checked

    return check


COMPETITOR_LISTINGS = Kind(
    name="competitor_listings",
    table=Table(
        "catalogue_competitorlisting",
        ("tenant_id", "marketplace", "external_id"),
        needed=("title",),
    ),
    fields={
        "external_id": Column(contents.page_id, Form.IDENTIFIER),
        "title": Column(fields.text(LONGEST_TITLE, required=True, several_lines=True)),
        "brand": Column(fields.text(LONGEST_LABEL, several_lines=True)),
        "bullets": Column(contents.bullets, nested=True),
        "description": Column(fields.prose(LONGEST_DESCRIPTION)),
        "category": Column(contents.category, nested=True),
        "attributes": Column(contents.attributes, nested=True),
        "url": Column(fields.url),
        "sku": Column(fields.text(LONGEST_SKU), Form.IDENTIFIER),
    },
    synonyms=synonyms.COMPETITOR_LISTINGS,
    series=synonyms.SERIES_OF_LISTINGS,
    required=(("external_id", "url"), ("title",)),
    named=("sku", "external_id", "url"),
    longest=LONGEST_ROW,
    checker=checker,
    pages=Pages(
        rows=rows,
        parts=of_products,
        order=Order((Sort("marketplace", str), Sort("external_id", str))),
        view=CompetitorListingView,
        show=show,
        long="description",
    ),
    documentation=Documentation(
        rows="competitors' listings",
        order="by marketplace and external ID",
        listing="The list is ordered by marketplace and external ID.",
        importing=(
            "The columns are external_id (such as an ASIN) or url, and title, and optionally brand, bullets, "
            "description, category, attributes and sku, your own product that it competes with. Bullets and "
            "attributes are written as in your own listings. Without an external_id, it is what stands in the url: "
            "the ASIN of Amazon, the item number of eBay and Walmart, or the whole address. Rows with the external "
            "ID or the SKU of one of your own products are skipped, so you can send a tool's list of a search as it "
            "is. Downloads of Helium 10, Jungle Scout, Keepa and Apify's Amazon scrapers are known. The texts are "
            "only compared with yours and searched: `llm_visibility_score` and `listing_optimize` read them. "
            "Otherwise this works like the import of products."
        ),
        example=(
            "external_id,brand,title,bullet_1,bullet_2,sku\n"
            "B0C1DE0001,Rivalware,Insulated bottle 0.7 l,Double wall,Leakproof lid,SKU-001\n"
        ),
    ),
)
