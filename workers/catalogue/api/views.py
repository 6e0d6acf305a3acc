"""Price changes and the repricing policy: the seller's side of them."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from aijobs import identifiers, registry
from aijobs.api.authentication import principal_of, tenant_of
from aijobs.api.wire.bodies import json_object
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import check_names
from aijobs.errors import InvalidParams, JobNotFound
from aijobs.models import Job
from aijobs.states import Status
from workers.catalogue.api import documentation, serializers
from workers.catalogue.api.filters import cursor_parts, filtered, number, page
from workers.catalogue.errors import JobNotFinished, PriceChangeNotFound
from workers.changes import applying, guardrails
from workers.changes import deciding as price_changes
from workers.changes.models import PriceChange, RepricingPolicy

SCOPES = {"GET": "catalogue:read", "POST": "catalogue:write"}


class PriceChangeViewSet(ViewSet):
    scopes = SCOPES

    @documentation.list_price_changes
    def list(self, request: Request) -> Response:
        """The newest first."""
        changes = PriceChange.objects.of(tenant_of(request).id).select_related("product")
        rows = filtered(request, changes, "product__marketplace", "product__sku")
        if after := cursor_parts(request.query_params, 1):
            rows = rows.filter(id__lt=number(after[0]))
        return page(request, rows.order_by("-id"), serializers.show_price_change, lambda row: [str(row.pk)])

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


def _change_id(text: str) -> int:
    """An id of any other form is that of no change."""
    if text.isascii() and text.isdecimal() and len(text) < 19:
        return int(text)
    raise PriceChangeNotFound()
