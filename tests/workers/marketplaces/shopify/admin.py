"""What Shopify's Admin API does with a GraphQL request: its schema, costs, access scopes, search and writes."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from threading import Lock
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)

Json = dict[str, Any]

# As Shopify publishes them, cut to what concerns prices and listings.
SCHEMA = build_schema("""
    scalar Money
    enum CurrencyCode { USD EUR JPY }
    interface Node { id: ID! }
    type AccessScope { description: String! handle: String! }
    type AppInstallation implements Node { id: ID! accessScopes: [AccessScope!]! }
    type Shop implements Node { id: ID! name: String! currencyCode: CurrencyCode! }
    scalar HTML
    type Product implements Node { id: ID! title: String! descriptionHtml: HTML! }
    type ProductVariant implements Node { id: ID! sku: String price: Money! compareAtPrice: Money product: Product! }
    type PageInfo { endCursor: String hasNextPage: Boolean! }
    type ProductVariantConnection { nodes: [ProductVariant!]! pageInfo: PageInfo! }
    input ProductVariantsBulkInput { id: ID price: Money compareAtPrice: Money barcode: String }
    type ProductVariantsBulkUpdateUserError { code: String field: [String!] message: String! }
    type ProductVariantsBulkUpdatePayload {
        product: Product
        productVariants: [ProductVariant!]
        userErrors: [ProductVariantsBulkUpdateUserError!]!
    }
    input ProductUpdateInput { id: ID title: String descriptionHtml: String tags: [String!] }
    type UserError { field: [String!] message: String! }
    type ProductUpdatePayload { product: Product userErrors: [UserError!]! }
    type Query {
        shop: Shop!
        node(id: ID!): Node
        productVariants(after: String, first: Int, query: String): ProductVariantConnection!
        currentAppInstallation: AppInstallation!
    }
    type Mutation {
        productVariantsBulkUpdate(
            allowPartialUpdates: Boolean = false, productId: ID!, variants: [ProductVariantsBulkInput!]!
        ): ProductVariantsBulkUpdatePayload
        productUpdate(product: ProductUpdateInput): ProductUpdatePayload
    }
""")


def _money(value: object) -> str:
    if not isinstance(value, str):
        raise GraphQLError("Money must be a string")
    return value


_scalar = SCHEMA.type_map["Money"]
assert isinstance(_scalar, GraphQLScalarType)
_scalar.parse_value = _money  # type: ignore[method-assign]  # the library means it to be set

_SEARCH = re.compile(r"sku:'((?:[^'\\]|\\.)*)'", re.DOTALL)


@dataclass
class FakeVariant:
    id: str
    product: str
    sku: str | None
    price: str

    def shown(self) -> Json:
        return {
            "__typename": "ProductVariant",
            "id": self.id,
            "sku": self.sku,
            "price": self.price,
            "product": {"id": self.product, "title": "A product"},
        }


@dataclass
class FakeProduct:
    id: str
    title: str = "A product"
    description: str = ""

    def shown(self) -> Json:
        return {
            "__typename": "Product",
            "id": self.id,
            "title": self.title,
            "descriptionHtml": self.description,
        }


@dataclass
class LeakyBucket:
    """Points that queries take and time restores, from the first query on."""

    maximum: float = 2000.0
    restore_rate: float = 1000.0
    available: float = 2000.0
    updated: float | None = None

    def take(self, points: float) -> bool:
        now = time.monotonic()
        elapsed = now - (self.updated or now)
        self.available = min(self.maximum, self.available + elapsed * self.restore_rate)
        self.updated = now
        if points > self.available:
            return False
        self.available -= points
        return True

    def status(self) -> Json:
        return {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": int(self.available),
            "restoreRate": self.restore_rate,
        }


def error(message: str, code: str) -> Json:
    documentation = "https://shopify.dev/api/usage/response-codes"
    return {"message": message, "extensions": {"code": code, "documentation": documentation}}


@dataclass
class Admin:
    """One shop as its Admin API shows it."""

    name: str = "My Shop"
    currency: str = "USD"
    scopes: set[str] = field(default_factory=lambda: {"read_products", "write_products"})
    variants: list[FakeVariant] = field(default_factory=list)
    # Those that have texts, by id.
    products: dict[str, FakeProduct] = field(default_factory=dict)
    bucket: LeakyBucket = field(default_factory=LeakyBucket)
    # A rule of the shop's own that no price and no text satisfies.
    rejection: str = ""
    # An app of the shop's that changes every price that is written.
    surcharge: Decimal = Decimal(0)
    # Appended to every description, as by a theme's app.
    footer: str = ""
    throttled: int = 0
    # Every price that was asked for and taken, in order.
    written: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def add(self, sku: str | None, price: str, product: int = 1) -> FakeVariant:
        number = len(self.variants) + 1
        variant = FakeVariant(
            f"gid://shopify/ProductVariant/{number}", f"gid://shopify/Product/{product}", sku, price
        )
        self.variants.append(variant)
        self.products.setdefault(variant.product, FakeProduct(variant.product))
        return variant

    def answer(self, request: Mapping[str, Any]) -> Json:
        """The answer to the body of a request, whatever is in it. One at a time."""
        try:
            document = parse(request["query"])
        except GraphQLSyntaxError as problem:
            return {"errors": [error(problem.message, "BAD_REQUEST")]}
        if problems := validate(SCHEMA, document):
            return {"errors": [error(each.message, "undefinedField") for each in problems]}
        with self.lock:
            return self._within_the_limit(document, request["operationName"], request["variables"])

    def _within_the_limit(self, document: DocumentNode, name: str, variables: Json) -> Json:
        operation = get_operation_ast(document, name)
        assert operation, "operationName names no operation of the query"
        cost = _cost(operation, variables)
        if self.bucket.take(cost):
            return self._execute(document, name, variables) | self._told(cost, cost)
        self.throttled += 1
        return {"errors": [error("Throttled", "THROTTLED")]} | self._told(cost, None)

    def _told(self, requested: int, actual: int | None) -> Json:
        cost = {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": self.bucket.status()}
        return {"extensions": {"cost": cost}}

    def _execute(self, document: DocumentNode, name: str, variables: Json) -> Json:
        fields = {
            "shop": {"id": "gid://shopify/Shop/1", "name": self.name, "currencyCode": self.currency},
            "currentAppInstallation": {
                "id": "gid://shopify/AppInstallation/1",
                "accessScopes": [{"description": "", "handle": scope} for scope in sorted(self.scopes)],
            },
            "node": self._node,
            "productVariants": self._search,
            "productVariantsBulkUpdate": self._update,
            "productUpdate": self._update_product,
        }
        result = execute_sync(SCHEMA, document, fields, variable_values=variables, operation_name=name)
        if not result.errors:
            return {"data": result.data}
        refused = [each.formatted for each in result.errors]
        codes = [{**each, "extensions": each.get("extensions") or {"code": "INVALID_VARIABLE"}} for each in refused]
        return {"errors": codes} if result.data is None else {"data": result.data, "errors": codes}

    def _require(self, scope: str, name: str) -> None:
        if scope not in self.scopes:
            message = f"Access denied for {name} field. Required access: `{scope}` access scope."
            raise GraphQLError(message, extensions=error(message, "ACCESS_DENIED")["extensions"])

    def _node(self, info: object, id: str) -> Json | None:
        self._require("read_products", "node")
        if id in self.products:
            return self.products[id].shown()
        return next((each.shown() for each in self.variants if each.id == id), None)

    def _search(self, info: object, first: int, query: str, after: str | None = None) -> Json:
        """Finds every SKU that has the words of the one sought, in any case; nothing where the syntax is wrong."""
        self._require("read_products", "productVariants")
        sought = _SEARCH.fullmatch(query)
        words = _words(re.sub(r"\\(.)", r"\1", sought[1], flags=re.DOTALL)) if sought else set()
        found = [each for each in self.variants if sought and words <= _words(each.sku or "")]
        start = int(after or 0)
        end = start + first
        page = {"endCursor": str(end) if found else None, "hasNextPage": end < len(found)}
        return {"nodes": [each.shown() for each in found[start:end]], "pageInfo": page}

    def _update(self, info: object, productId: str, variants: list[Json], **_: object) -> Json:
        self._require("write_products", "productVariantsBulkUpdate")
        mine = {each.id: each for each in self.variants if each.product == productId}
        if not mine:
            return _refused("PRODUCT_DOES_NOT_EXIST", ["productId"], "Product does not exist")
        for number, change in enumerate(variants):
            if change["id"] not in mine:
                return _refused("PRODUCT_VARIANT_DOES_NOT_EXIST", [str(number)], "Product variant does not exist")
            if problem := self.rejection or _problem(change["price"]):
                return _refused("INVALID_INPUT", ["variants", str(number), "price"], problem)
        for change in variants:
            self.written.append(change["price"])
            mine[change["id"]].price = f"{Decimal(change['price']) + self.surcharge:.2f}"
        return {"productVariants": [mine[change["id"]].shown() for change in variants], "userErrors": []}

    def _update_product(self, info: object, product: Json) -> Json:
        self._require("write_products", "productUpdate")
        if product["id"] not in self.products:
            return _unchanged(["id"], "Product does not exist")
        if problem := self.rejection or ("" if product.get("title", "-").strip() else "Title can't be blank"):
            return _unchanged(["title"], problem)
        mine = self.products[product["id"]]
        mine.title = product.get("title", mine.title)
        if "descriptionHtml" in product:
            mine.description = product["descriptionHtml"] + self.footer
        return {"product": mine.shown(), "userErrors": []}


def _cost(operation: OperationDefinitionNode, variables: Json) -> int:
    """A mutation is 10, an object 1, a connection more with its size."""
    if operation.operation is OperationType.MUTATION:
        return 10
    return len(operation.selection_set.selections) + int(variables.get("first", 0)) // 5


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.lower()))


def _problem(price: str) -> str:
    try:
        return "" if Decimal(price) >= 0 else "Price must be greater than or equal to 0"
    except InvalidOperation:
        return "Price is not a number"


def _refused(code: str, where: list[str], message: str) -> Json:
    return {"productVariants": None, "userErrors": [{"code": code, "field": where, "message": message}]}


def _unchanged(where: list[str], message: str) -> Json:
    return {"product": None, "userErrors": [{"field": where, "message": message}]}
