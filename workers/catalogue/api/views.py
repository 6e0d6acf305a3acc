"""Import, list and apply: the seller's side of the catalogue."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import QueryDict, UnreadablePostError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from aijobs import identifiers, registry
from aijobs.api.authentication import principal_of, tenant_of
from aijobs.api.wire.bodies import body_stream, json_object, media_type_of
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import check_names
from aijobs.api.wire.pagination import cursor_of, invalid_cursor, limit_of, page_response
from aijobs.errors import InvalidFilter, InvalidParams, InvalidRequest, JobNotFound
from aijobs.models import Job
from aijobs.states import Status
from workers.catalogue.api import documentation, serializers
from workers.catalogue.errors import JobNotFinished, PriceChangeNotFound
from workers.catalogue.importing import READERS, HeaderError, import_offers, import_products, import_sales
from workers.catalogue.importing.importer import Importer
from workers.catalogue.models import LONGEST_SKU, Offer, Product, Sale
from workers.changes import applying, guardrails
from workers.changes import deciding as price_changes
from workers.changes.models import PriceChange, RepricingPolicy

MARKETPLACE = re.compile(r"[a-z0-9_]{1,32}")
SCOPES = {"GET": "catalogue:read", "POST": "catalogue:write"}
Row = TypeVar("Row", bound=Model)


class ProductViewSet(ViewSet):
    scopes = SCOPES

    @documentation.list_products
    def list(self, request: Request) -> Response:
        """In the order of marketplace and SKU."""
        rows = _filtered(request, Product.objects.of(tenant_of(request).id), "marketplace", "sku")
        if after := _cursor(request.query_params, 2):
            marketplace, sku = after
            rows = rows.filter(Q(marketplace__gt=marketplace) | Q(marketplace=marketplace, sku__gt=sku))
        rows = rows.order_by("marketplace", "sku")
        return _page(request, rows, serializers.show_product, lambda row: [row.marketplace, row.sku])

    @documentation.import_products
    def create(self, request: Request) -> Response:
        return _import(request, import_products)


class SaleViewSet(ViewSet):
    scopes = SCOPES

    @documentation.list_sales
    def list(self, request: Request) -> Response:
        """By product, the newest first."""
        sales = Sale.objects.of(tenant_of(request).id).select_related("product")
        rows = _filtered(request, sales, "product__marketplace", "product__sku")
        if after := _cursor(request.query_params, 2):
            product, day = _sale_key(*after)
            rows = rows.filter(Q(product__gt=product) | Q(product=product, date__lt=day))
        rows = rows.order_by("product_id", "-date")
        return _page(request, rows, serializers.show_sale, lambda row: [str(row.product_id), row.date.isoformat()])

    @documentation.import_sales
    def create(self, request: Request) -> Response:
        return _import(request, import_sales)


class PriceChangeViewSet(ViewSet):
    scopes = SCOPES

    @documentation.list_price_changes
    def list(self, request: Request) -> Response:
        """The newest first."""
        changes = PriceChange.objects.of(tenant_of(request).id).select_related("product")
        rows = _filtered(request, changes, "product__marketplace", "product__sku")
        if after := _cursor(request.query_params, 1):
            rows = rows.filter(id__lt=_number(after[0]))
        return _page(request, rows.order_by("-id"), serializers.show_price_change, lambda row: [str(row.pk)])

    @documentation.apply_price_changes
    def create(self, request: Request) -> Response:
        check_names(request.query_params, set())
        try:
            wanted = ApplyRequest.model_validate(json_object(request))
        except ValidationError as error:
            raise InvalidParams(details=registry.field_errors(error)) from None
        job = _finished_job(tenant_of(request).id, wanted.job_id)
        applied = applying.apply_job(job, wanted.skus, principal_of(request).key_id)
        return data_response(serializers.show_applied(applied), status=201)

    @documentation.get_price_change
    def retrieve(self, request: Request, change_id: str) -> Response:
        change = price_changes.get(tenant_of(request).id, _change_id(change_id))
        return data_response(serializers.show_price_change(change))

    @documentation.revert_price_change
    def revert(self, request: Request, change_id: str) -> Response:
        check_names(request.query_params, set())
        undone = applying.revert(tenant_of(request).id, _change_id(change_id), principal_of(request).key_id)
        return data_response(serializers.show_price_change(undone), status=201)


class OfferViewSet(ViewSet):
    scopes = SCOPES

    @documentation.list_offers
    def list(self, request: Request) -> Response:
        """The history, by product, the newest first."""
        offers = Offer.objects.of(tenant_of(request).id).select_related("product")
        rows = _filtered(request, offers, "product__marketplace", "product__sku")
        if after := _cursor(request.query_params, 3):
            product, moment, last = _offer_key(*after)
            later = Q(product=product, fetched_at=moment, id__lt=last)
            rows = rows.filter(Q(product__gt=product) | Q(product=product, fetched_at__lt=moment) | later)
        rows = rows.order_by("product_id", "-fetched_at", "-id")
        return _page(
            request,
            rows,
            serializers.show_offer,
            lambda row: [str(row.product_id), row.fetched_at.isoformat(), str(row.pk)],
        )

    @documentation.import_offers
    def create(self, request: Request) -> Response:
        return _import(request, import_offers)


class RepricingPolicyViewSet(ViewSet):
    """One per tenant: what it allows all repricing to do."""

    scopes = {"GET": "catalogue:read", "PATCH": "catalogue:write"}

    @documentation.get_repricing_policy
    def retrieve(self, request: Request) -> Response:
        check_names(request.query_params, set())
        return data_response(serializers.show_policy(guardrails.policy_of(tenant_of(request).id)))

    @documentation.change_repricing_policy
    def partial_update(self, request: Request) -> Response:
        check_names(request.query_params, set())
        try:
            wanted = serializers.PolicyRequest.model_validate(json_object(request))
        except ValidationError as error:
            raise InvalidParams(details=registry.field_errors(error)) from None
        policy, _ = RepricingPolicy.objects.update_or_create(
            tenant_id=tenant_of(request).id, defaults=wanted.model_dump(exclude_unset=True)
        )
        return data_response(serializers.show_policy(policy))


class ApplyRequest(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    job_id: str = Field(description="A completed pricing_recalculate job.")
    skus: list[str] | None = Field(
        default=None, min_length=1, max_length=1000, description="Only these; all of the job's without it."
    )


def _finished_job(tenant_id: int, text: str) -> Job:
    job_id = identifiers.decode(identifiers.JOB_PREFIX, text)
    job = Job.objects.of(tenant_id).filter(id=job_id, type="pricing_recalculate").first() if job_id else None
    if job is None:
        raise JobNotFound()
    if job.status != Status.COMPLETED:
        raise JobNotFinished(f"The job is {job.status}; only a completed one has recommendations to apply.")
    return job


def _import(request: Request, importer: Importer) -> Response:
    query = request.query_params
    check_names(query, {"marketplace", "dry_run"})
    marketplace, dry_run = _marketplace(query), _flag(query, "dry_run")
    if marketplace is None:
        raise _invalid("marketplace", "is required, as in marketplace=amazon_us")
    reader = READERS[media_type_of(request, READERS)]
    try:
        report = importer(tenant_of(request).id, marketplace, body_stream(request), reader, dry_run=dry_run)
    except HeaderError as error:
        raise InvalidRequest(str(error)) from None
    except UnreadablePostError:
        raise InvalidRequest("The body ended early. The rows that were read have landed: send it again.") from None
    return data_response(serializers.show_report(report))


def _marketplace(query: QueryDict) -> str | None:
    name = query.get("marketplace")
    if name is None or MARKETPLACE.fullmatch(name):
        return name
    raise _invalid("marketplace", "must have 1 to 32 of a-z, 0-9 and _, as in amazon_us")


def _flag(query: QueryDict, name: str) -> bool:
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise _invalid(name, "must be true or false")
    return text == "true"


def _filtered(request: Request, rows: QuerySet[Row], marketplace_field: str, sku_field: str) -> QuerySet[Row]:
    query = request.query_params
    check_names(query, {"marketplace", "sku", "limit", "cursor"})
    if (marketplace := _marketplace(query)) is not None:
        rows = rows.filter(**{marketplace_field: marketplace})
    if (sku := query.get("sku")) is not None:
        if not sku or "\x00" in sku or len(sku) > LONGEST_SKU:
            raise _invalid("sku", f"must have 1 to {LONGEST_SKU} characters")
        rows = rows.filter(**{sku_field: sku})
    return rows


def _invalid(path: str, message: str) -> InvalidFilter:
    return InvalidFilter(details=[{"path": path, "message": message}])


# Between the parts of a cursor's key: no field may hold it.
SEPARATOR = "\x1f"


def _cursor(query: QueryDict, parts: int) -> list[str] | None:
    key = cursor_of(query)
    if key is None:
        return None
    found = key.split(SEPARATOR)
    if len(found) != parts or "\x00" in key:
        raise invalid_cursor()
    return found


def _sale_key(product: str, day: str) -> tuple[int, date]:
    try:
        return _number(product), date.fromisoformat(day)
    except ValueError:
        raise invalid_cursor() from None


def _offer_key(product: str, moment: str, last: str) -> tuple[int, datetime, int]:
    try:
        return _number(product), datetime.fromisoformat(moment), _number(last)
    except ValueError:
        raise invalid_cursor() from None


def _change_id(text: str) -> int:
    """An id of any other form is that of no change."""
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text)
    raise PriceChangeNotFound()


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text)
    raise invalid_cursor()


def _page(
    request: Request, rows: QuerySet[Row], show: Callable[[Row], object], key: Callable[[Row], list[str]]
) -> Response:
    return page_response(rows, limit_of(request.query_params), show, lambda row: SEPARATOR.join(key(row)))
