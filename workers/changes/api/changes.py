"""The audit of one kind of change: listed, looked at, reverted. Each kind has its own words for it."""

from abc import abstractmethod
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from aijobs.api.authentication import principal_of, tenant_of
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import check_names
from aijobs.errors import ApiError
from workers.catalogue.api.filters import cursor_parts, filtered, number, page
from workers.catalogue.pages import row_id
from workers.changes import reverting
from workers.changes.kinds.base import ChangeKind
from workers.changes.models import Change, ChangeQuerySet


class ChangeViewSet(ViewSet):
    """A tenant's changes of one kind, the newest first."""

    scopes = {"GET": "catalogue:read", "POST": "catalogue:write"}
    kind: ClassVar[ChangeKind[Any]]
    not_found: ClassVar[type[ApiError]]

    @staticmethod
    @abstractmethod
    def show(row: Change) -> dict[str, object]:
        """The change as the answer has it."""

    def list(self, request: Request) -> Response:
        rows = filtered(request, self._changes(request), "product__marketplace", "product__sku")
        if after := cursor_parts(request.query_params, 1):
            rows = rows.filter(id__lt=number(after[0]))
        return page(request, rows.order_by("-id"), self.show, lambda row: [str(row.pk)])

    def retrieve(self, request: Request, change_id: str) -> Response:
        return data_response(self.show(self._change(request, change_id)))

    def revert(self, request: Request, change_id: str) -> Response:
        check_names(request.query_params, set())
        undone = reverting.revert(self._change(request, change_id), principal_of(request).key_id)
        return data_response(self.show(undone), status=201)

    def _changes(self, request: Request) -> ChangeQuerySet:
        return Change.objects.of(tenant_of(request).id).filter(kind=self.kind.name).select_related("product")

    def _change(self, request: Request, text: str) -> Change:
        """An id of any other form is that of no change."""
        try:
            change = self._changes(request).filter(pk=row_id(text)).first()
        except ValueError:
            change = None
        if change is None:
            raise self.not_found()
        return change
