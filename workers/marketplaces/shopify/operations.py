"""What is asked of the Admin API, and the shape that each answer must have."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

# Matches of a search in one answer. Shopify charges by how many it might return.
PAGE_SIZE = 50
# A search may also find other variants, whose prices are none of ours to limit.
_MONEY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?")


def _money(value: object) -> Decimal:
    if not isinstance(value, str) or not _MONEY.fullmatch(value):
        raise ValueError("is not an amount such as '14.99'")
    return Decimal(value)


Money = Annotated[Decimal, BeforeValidator(_money)]
VariantId = Annotated[str, Field(pattern=r"\Agid://shopify/ProductVariant/[0-9]+\z")]


class Data(BaseModel):
    """Types are not converted: a number where Shopify has a string means that we misread it."""

    model_config = ConfigDict(strict=True)


class Shop(Data):
    currency: str = Field(alias="currencyCode", pattern=r"\A[A-Z]{3}\z")


class NamedShop(Shop):
    name: str


class AccessScope(Data):
    handle: str


class AppInstallation(Data):
    scopes: list[AccessScope] = Field(alias="accessScopes")


class Connection(Data):
    shop: NamedShop
    installation: AppInstallation = Field(alias="currentAppInstallation")


class Product(Data):
    id: str


class Variant(Data):
    id: VariantId
    sku: str | None
    price: Money
    product: Product


class VariantById(Data):
    shop: Shop
    node: Variant | None


class PageInfo(Data):
    has_next: bool = Field(alias="hasNextPage")
    end: str | None = Field(alias="endCursor")


class VariantPage(Data):
    nodes: list[Variant]
    page: PageInfo = Field(alias="pageInfo")


class VariantsBySku(Data):
    shop: Shop
    variants: VariantPage = Field(alias="productVariants")


class UpdatedVariant(Data):
    id: VariantId
    price: Money


class UserError(Data):
    message: str


class UpdatePayload(Data):
    variants: list[UpdatedVariant] | None = Field(alias="productVariants")
    errors: list[UserError] = Field(alias="userErrors")


class PriceUpdate(Data):
    payload: UpdatePayload = Field(alias="productVariantsBulkUpdate")


class ProductTexts(Data):
    title: str
    description: str = Field(alias="descriptionHtml")


class ProductById(Data):
    node: ProductTexts | None


class ProductUpdate(Data):
    product: ProductTexts | None
    errors: list[UserError] = Field(alias="userErrors")


class ListingUpdate(Data):
    payload: ProductUpdate = Field(alias="productUpdate")


D_co = TypeVar("D_co", bound=Data, covariant=True)


@dataclass(frozen=True, slots=True)
class Operation(Generic[D_co]):
    """A query or mutation: `name` as its text has it, and the access scope that it needs."""

    name: str
    text: str
    data: type[D_co]
    scope: str = "read_products"
    writes: bool = False


CHECK = Operation(
    "Check",
    "query Check { shop { name currencyCode } currentAppInstallation { accessScopes { handle } } }",
    Connection,
)
_FOUND = "fragment Found on ProductVariant { id sku price product { id } }"
VARIANT_BY_ID = Operation(
    "VariantById",
    f"query VariantById($id: ID!) {{ shop {{ currencyCode }} node(id: $id) {{ ...Found }} }} {_FOUND}",
    VariantById,
)
VARIANTS_BY_SKU = Operation(
    "VariantsBySku",
    "query VariantsBySku($first: Int!, $after: String, $query: String!) { shop { currencyCode } "
    "productVariants(first: $first, after: $after, query: $query) "
    f"{{ nodes {{ ...Found }} pageInfo {{ hasNextPage endCursor }} }} }} {_FOUND}",
    VariantsBySku,
)
UPDATE_PRICE = Operation(
    "UpdatePrice",
    "mutation UpdatePrice($productId: ID!, $variants: [ProductVariantsBulkInput!]!) "
    "{ productVariantsBulkUpdate(productId: $productId, variants: $variants) "
    "{ productVariants { id price } userErrors { message } } }",
    PriceUpdate,
    scope="write_products",
    writes=True,
)
PRODUCT_BY_ID = Operation(
    "ProductById",
    "query ProductById($id: ID!) { node(id: $id) { ... on Product { title descriptionHtml } } }",
    ProductById,
)
UPDATE_LISTING = Operation(
    "UpdateListing",
    "mutation UpdateListing($product: ProductUpdateInput!) { productUpdate(product: $product) "
    "{ product { title descriptionHtml } userErrors { message } } }",
    ListingUpdate,
    scope="write_products",
    writes=True,
)
