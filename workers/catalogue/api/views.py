"""Import and list: the seller's side of the catalogue."""

from datetime import date, datetime

from django.db.models import Q
from django.http import QueryDict, UnreadablePostError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from aijobs.api.authentication import tenant_of
from aijobs.api.wire.bodies import body_stream, media_type_of
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import check_names, invalid
from aijobs.api.wire.pagination import invalid_cursor
from aijobs.errors import InvalidRequest
from workers.catalogue.api import documentation, serializers
from workers.catalogue.api.filters import cursor_parts, filtered, marketplace_of, number, page
from workers.catalogue.importing import READERS, HeaderError, import_offers, import_products, import_sales
from workers.catalogue.importing.importer import Importer
from workers.catalogue.models import Offer, Product, Sale

SCOPES = {"GET": "catalogue:read", "POST": "catalogue:write"}


class ProductViewSet(ViewSet):
    scopes = SCOPES

    @documentation.list_products
    def list(self, request: Request) -> Response:
        """In the order of marketplace and SKU."""
        rows = filtered(request, Product.objects.of(tenant_of(request).id), "marketplace", "sku")
        if after := cursor_parts(request.query_params, 2):
            marketplace, sku = after
            rows = rows.filter(Q(marketplace__gt=marketplace) | Q(marketplace=marketplace, sku__gt=sku))
        rows = rows.order_by("marketplace", "sku")
        return page(request, rows, serializers.show_product, lambda row: [row.marketplace, row.sku])

    @documentation.import_products
    def create(self, request: Request) -> Response:
        return _import(request, import_products)


class SaleViewSet(ViewSet):
    scopes = SCOPES

    @documentation.list_sales
    def list(self, request: Request) -> Response:
        """By product, the newest first."""
        sales = Sale.objects.of(tenant_of(request).id).select_related("product")
        rows = filtered(request, sales, "product__marketplace", "product__sku")
        if after := cursor_parts(request.query_params, 2):
            product, day = _sale_key(*after)
            rows = rows.filter(Q(product__gt=product) | Q(product=product, date__lt=day))
        rows = rows.order_by("product_id", "-date")
        return page(request, rows, serializers.show_sale, lambda row: [str(row.product_id), row.date.isoformat()])

    @documentation.import_sales
    def create(self, request: Request) -> Response:
        return _import(request, import_sales)


class OfferViewSet(ViewSet):
    scopes = SCOPES

    @documentation.list_offers
    def list(self, request: Request) -> Response:
        """The history, by product, the newest first."""
        offers = Offer.objects.of(tenant_of(request).id).select_related("product")
        rows = filtered(request, offers, "product__marketplace", "product__sku")
        if after := cursor_parts(request.query_params, 3):
            product, moment, last = _offer_key(*after)
            later = Q(product=product, fetched_at=moment, id__lt=last)
            rows = rows.filter(Q(product__gt=product) | Q(product=product, fetched_at__lt=moment) | later)
        rows = rows.order_by("product_id", "-fetched_at", "-id")
        return page(
            request,
            rows,
            serializers.show_offer,
            lambda row: [str(row.product_id), row.fetched_at.isoformat(), str(row.pk)],
        )

    @documentation.import_offers
    def create(self, request: Request) -> Response:
        return _import(request, import_offers)


def _import(request: Request, importer: Importer) -> Response:
    query = request.query_params
    check_names(query, {"marketplace", "dry_run"})
    marketplace, dry_run = marketplace_of(query), _flag(query, "dry_run")
    if marketplace is None:
        raise invalid("marketplace", "is required, as in marketplace=amazon_us")
    reader = READERS[media_type_of(request, READERS)]
    try:
        report = importer(tenant_of(request).id, marketplace, body_stream(request), reader, dry_run=dry_run)
    except HeaderError as error:
        raise InvalidRequest(str(error)) from None
    except UnreadablePostError:
        raise InvalidRequest("The body ended early. The rows that were read have landed: send it again.") from None
    return data_response(serializers.show_report(report))


def _flag(query: QueryDict, name: str) -> bool:
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise invalid(name, "must be true or false")
    return text == "true"


def _sale_key(product: str, day: str) -> tuple[int, date]:
    try:
        return number(product), date.fromisoformat(day)
    except ValueError:
        raise invalid_cursor() from None


def _offer_key(product: str, moment: str, last: str) -> tuple[int, datetime, int]:
    try:
        return number(product), datetime.fromisoformat(moment), number(last)
    except ValueError:
        raise invalid_cursor() from None
