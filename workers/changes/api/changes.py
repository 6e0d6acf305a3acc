"""The audit of one kind of change: listed, looked at, reverted. Each kind has its own words for it."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.authentication import principal_of, tenant_of
from aijobs.api.wire.bodies import no_fields
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.views import ViewSet
from aijobs.errors import ApiError
from workers.catalogue.api.filters import page
from workers.catalogue.pages import Asked, Fixed, Order, Pages, Sort, row_id
from workers.changes import reverting
from workers.changes.deciding import Applied
from workers.changes.kinds.base import ChangeKind
from workers.changes.models import Change, ChangeQuerySet

NEWEST_FIRST = Order(descending=(Sort("id", row_id),), nulls_last=True)


class ChangeViewSet(ViewSet):
    """A tenant's changes of one kind, the newest first."""

    scopes = {"GET": "catalogue:read", "POST": "catalogue:write"}
    with_parameters = ("list",)
    kind: ClassVar[ChangeKind[Any]]
    not_found: ClassVar[type[ApiError]]
    view: ClassVar[type[BaseModel]]

    @staticmethod
    @abstractmethod
    def show(row: Change) -> dict[str, object]:
        """The change as the answer has it."""

    def list(self, request: Request) -> Response:
        pages = Pages(self._rows, self._parts, NEWEST_FIRST, self.view, self.show)
        return page(request, pages)

    def retrieve(self, request: Request, change_id: str) -> Response:
        return data_response(self.show(self._change(request, change_id)))

    def show_applied(self, applied: Applied) -> dict[str, object]:
        """The changes of a job that are applied now, and the SKUs that were left out."""
        return {
            "applied": [self.show(change) for change in applied.changes],
            "skipped": [{"sku": sku, "reason": reason} for sku, reason in sorted(applied.refused.items())],
        }

    def revert(self, request: Request, change_id: str) -> Response:
        no_fields(request)
        undone = reverting.revert(self._change(request, change_id), principal_of(request).key_id)
        return data_response(self.show(undone), status=201)

    def _changes(self, request: Request) -> ChangeQuerySet:
        return self._rows(tenant_of(request).id)

    def _rows(self, tenant_id: int) -> ChangeQuerySet:
        return Change.objects.of(tenant_id).filter(kind=self.kind.name)

    def _parts(self, asked: Asked) -> Sequence[Fixed]:
        """A SKU's changes are found by what they say themselves: their product may have been removed since."""
        place: Fixed = {"marketplace": asked.marketplace} if asked.marketplace else {}
        if asked.sku is None:
            return [place]
        if place:
            return [{"sku": asked.sku, **place}]
        return [{"sku": asked.sku, "marketplace": each} for each in self._marketplaces(asked.tenant_id, asked.sku)]

    def _marketplaces(self, tenant_id: int, sku: str) -> Iterator[str]:
        """Those with changes of the SKU, each found at one place of an index: they are few, and the changes many."""
        changes = self._rows(tenant_id).filter(sku=sku).order_by("marketplace").values_list("marketplace", flat=True)
        last = changes.first()
        while last is not None:
            yield last
            last = changes.filter(marketplace__gt=last).first()

    def _change(self, request: Request, text: str) -> Change:
        """An id of any other form is that of no change."""
        try:
            change = self._changes(request).filter(pk=row_id(text)).first()
        except ValueError:
            change = None
        if change is None:
            raise self.not_found()
        return change
