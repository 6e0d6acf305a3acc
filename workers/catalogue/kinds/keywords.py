"""Keywords: what shoppers search a marketplace for, and how often."""

from collections.abc import Collection, Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from workers.catalogue.importing import contents, fields
from workers.catalogue.importing.fields import Column, Form, Row
from workers.catalogue.importing.kind import Check, Documentation, Kind, Scope
from workers.catalogue.importing.writing import Table
from workers.catalogue.kinds import synonyms
from workers.catalogue.kinds.products import known_products, owner_of
from workers.catalogue.models import LONGEST_SKU, Keyword, Product
from workers.catalogue.pages import Asked, Fixed, Order, Pages, Sort


class KeywordView(BaseModel):
    marketplace: str
    sku: str = Field(description="The product that it is for. It is empty if it is for all of the marketplace.")
    keyword: str = Field(description="In lower case.")
    volume: int | None = Field(description="How often it is searched for in a month. It is null if unknown.")
    imported_at: datetime


def show(row: Keyword) -> dict[str, object]:
    return {name: getattr(row, name) for name in KeywordView.model_fields}


def parts(asked: Asked) -> Sequence[Fixed]:
    """Of a SKU, one for each marketplace that has it: the index leads with them."""
    if asked.sku is None:
        return [{"marketplace": asked.marketplace}] if asked.marketplace else [{}]
    products = Product.objects.of(asked.tenant_id).filter(sku=asked.sku)
    if asked.marketplace is not None:
        products = products.filter(marketplace=asked.marketplace)
    return list(products.order_by("marketplace").values("marketplace", "sku"))


def checker(scope: Scope, skus: Collection[str]) -> Check:
    product_of, owner = known_products(scope, skus), owner_of(scope)

    def check(row: Row) -> Row:
        sku = row.get("sku") or ""
        product_id = product_of(row).id if sku else None
        return {**owner, **row, "sku": sku, "product_id": product_id}

    return check


KEYWORDS = Kind(
    name="keywords",
    table=Table("catalogue_keyword", ("tenant_id", "marketplace", "sku", "keyword"), needed=("keyword",)),
    fields={
        "keyword": Column(contents.keyword),
        "volume": Column(contents.volume),
        "sku": Column(fields.text(LONGEST_SKU), Form.IDENTIFIER),
    },
    synonyms=synonyms.KEYWORDS,
    required=(("keyword",),),
    checker=checker,
    pages=Pages(
        rows=Keyword.objects.of,
        parts=parts,
        order=Order((Sort("marketplace", str), Sort("sku", str), Sort("keyword", str))),
        view=KeywordView,
        show=show,
    ),
    documentation=Documentation(
        rows="keywords",
        order="by marketplace, SKU and keyword",
        listing="The list is ordered by marketplace, SKU and keyword. Those for all products come first.",
        importing=(
            "The columns are keyword, and optionally volume (searches in a month) and sku, the product that it is "
            "for. Without a SKU it is for all products of the marketplace: send a tool's download for one product "
            "with sku=. Capitals make no difference. A volume may be written as 1,200 or 1.2K; of a range such as 1K "
            "– 10K the service takes the lower end. Downloads of Helium 10, Jungle Scout, DataDive, Amazon's Brand "
            "Analytics (which has no volumes) and Google's Keyword Planner are known. A keyword that ends with a "
            "question mark is a shopper's question, such as those of Amazon's questions and answers or of AlsoAsked. "
            "`listing_optimize` jobs look for keywords that your listings lack, and weigh them by their volume; from "
            "questions they learn what shoppers call the product. Otherwise this works like the "
            "import of products."
        ),
        example="keyword,volume,sku\nsteel water bottle,12500,SKU-001\n",
    ),
)
