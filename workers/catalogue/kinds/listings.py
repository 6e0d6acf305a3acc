"""Listings: the texts with which a seller offers a product."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import QuerySet
from pydantic import BaseModel, Field

from workers.catalogue.importing import contents, fields
from workers.catalogue.importing.checks import FieldProblem
from workers.catalogue.importing.fields import Column, Form, Row
from workers.catalogue.importing.kind import Check, Documentation, Kind, Scope
from workers.catalogue.importing.writing import Audit, Renewal, Table
from workers.catalogue.kinds import synonyms
from workers.catalogue.kinds.naming import Naming
from workers.catalogue.kinds.products import known_products, owner_of
from workers.catalogue.models import LONGEST_LABEL, LONGEST_SKU, LONGEST_TITLE, Listing
from workers.catalogue.pages import Order, Pages, Sort, of_products, row_id
from workers.changes.models import RECORD_IMPORTED_LISTINGS

# Of eBay, whose descriptions are whole pages in HTML, and the longest.
LONGEST_DESCRIPTION = 500_000
# Quotation marks are written twice, and there is more to a listing than its description.
LONGEST_ROW = 2 * 1024 * 1024
# Besides the SKU, what may say which product a listing is of.
NAMES = ("product_id",)
# What a job reads: a listing is new where one of these changes.
TEXTS = ("title", "bullets", "description", "search_terms", "attributes", "category", "images")


class ListingView(BaseModel):
    marketplace: str
    sku: str
    title: str
    bullets: list[str]
    description: str = Field(description="As it was imported, HTML included.")
    search_terms: str = Field(description="Words for the marketplace's search that shoppers do not see.")
    attributes: dict[str, str] = Field(description='Texts by their names, for example `{"Material": "steel"}`.')
    category: str
    images: int | None = Field(description="How many there are. It is null if unknown.")
    imported_at: datetime
    updated_at: datetime = Field(description="When an import, or a change that was applied, last wrote its texts.")
    optimised_at: datetime | None = Field(
        description="When a `listing_optimize` job last looked at these texts. It is null while the listing is new, "
        "or has changed since."
    )


def show(row: Listing) -> dict[str, object]:
    return {
        "marketplace": row.marketplace,
        "sku": row.product.sku,
        **{name: getattr(row, name) for name in (*TEXTS, "imported_at", "updated_at", "optimised_at")},
    }


def rows(tenant_id: int) -> QuerySet[Listing]:
    return Listing.objects.of(tenant_id).prefetch_related("product")


def checker(scope: Scope, names: Collection[str]) -> Check:
    naming, owner = Naming(scope, names, NAMES, "listings"), owner_of(scope)
    product_of = known_products(scope, naming.skus)
    listed = _listed(scope, naming.skus)

    def check(row: Row) -> Row:
        sku = naming.sku_of(row)
        product_id, _ = product_of({"sku": sku})
        if "title" not in row and sku not in listed:
            raise FieldProblem("title", "is needed for a new listing, and the catalogue has none of this SKU")
        listed.add(sku)
        return {"product_id": product_id, **owner, **{name: row[name] for name in TEXTS if name in row}}

    return check


def _listed(scope: Scope, skus: Collection[str]) -> set[str]:
    """The SKUs among these that have a listing."""
    found = Listing.objects.of(scope.tenant_id).filter(product__marketplace=scope.marketplace, product__sku__in=skus)
    return set(found.values_list("product__sku", flat=True))


LISTINGS = Kind(
    name="listings",
    table=Table(
        "catalogue_listing",
        ("product_id",),
        changed_at="updated_at",
        needed=("title",),
        renewal=Renewal("optimised_at", TEXTS, empty="NULL"),
        audit=Audit(("title", "bullets", "description", "search_terms"), RECORD_IMPORTED_LISTINGS, counted=False),
    ),
    fields={
        "sku": Column(fields.text(LONGEST_SKU), Form.IDENTIFIER),
        "title": Column(fields.text(LONGEST_TITLE, required=True, several_lines=True)),
        "bullets": Column(contents.bullets, nested=True),
        "description": Column(fields.prose(LONGEST_DESCRIPTION)),
        "search_terms": Column(contents.search_terms, nested=True),
        "attributes": Column(contents.attributes, nested=True),
        "category": Column(contents.category, nested=True),
        "images": Column(contents.images, nested=True),
        "product_id": Column(fields.text(LONGEST_LABEL), Form.IDENTIFIER),
    },
    synonyms=synonyms.LISTINGS,
    series=synonyms.SERIES_OF_LISTINGS,
    required=(("sku", *NAMES),),
    named=("sku", *NAMES),
    longest=LONGEST_ROW,
    checker=checker,
    pages=Pages(
        rows=rows,
        parts=of_products,
        order=Order((Sort("marketplace", str),), (Sort("product_id", row_id),), nulls_last=True),
        view=ListingView,
        show=show,
        long="description",
    ),
    documentation=Documentation(
        rows="listings",
        order="by product, the newest first",
        listing=(
            "The list is ordered by product, the newest first. `optimised_at` says when a `listing_optimize` job "
            "last looked."
        ),
        importing=(
            "The columns are sku and title, and optionally bullets, description (up to 500,000 characters; HTML is "
            "kept as it is), search_terms, attributes, category and images (how many there are, or their addresses). "
            "The bullets are in columns of their own (bullet_1, bullet_2 and so on; bullet_point1 is understood, "
            "too), or in one cell: a line for each, or a JSON list. Attributes are in columns of their own, such as "
            'attribute.material, or in one cell: a JSON object such as {"Material": "steel"}, or lines such as '
            "Material: steel. In place of sku, product_id may name the product by its external ID, such as an ASIN. "
            "Each listing is of one product that you have imported. Import also what breaks a marketplace's rules: "
            "`listing_optimize` jobs judge that. If a text changes, the listing is new for the next one, and the "
            "change is a listing change in the audit, with the reason IMPORTED. Of a listing that you have already, "
            "sku and what you want to change are enough. Exports of Amazon, Shopify, "
            "WooCommerce, eBay and Walmart are taken as they are. Otherwise this works like the import of products."
        ),
        example=(
            "sku,title,bullet_1,bullet_2,description,search_terms,attribute.material,images\n"
            "SKU-001,Steel bottle 0.7 l,Keeps tea warm for 12 hours,Fits every cup holder,A bottle of steel.,"
            "thermos flask,steel,6\n"
        ),
    ),
)
