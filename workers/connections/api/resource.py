"""A kind of connection as the API's resource: set, looked at, tried out, removed. Each has its own words for it."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Protocol, TypeVar

from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.authentication import tenant_of
from aijobs.api.wire.bodies import no_fields
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.views import ViewSet
from aijobs.errors import ApiError
from workers.connections.api.bodies import NAME, ConnectionBody, read_connection
from workers.connections.checking import problems_of
from workers.connections.connectors import ConnectorTypes
from workers.connections.models import StoredConnection
from workers.connections.trying import Tested

Row = TypeVar("Row", bound=StoredConnection)


class Store(Protocol[Row]):
    """A kind's module of connections."""

    def all_of(self, tenant_id: int) -> Sequence[Row]: ...

    def find(self, tenant_id: int, name: str) -> Row | None: ...

    def get(self, tenant_id: int, name: str) -> Row: ...

    def save(
        self,
        tenant_id: int,
        name: str,
        connector: str,
        settings: Mapping[str, object],
        credentials: Mapping[str, object] | None,
    ) -> tuple[Row, bool]: ...

    def delete(self, tenant_id: int, name: str) -> None: ...

    def test(self, connection: Row) -> Tested: ...


class ConnectionResource(ViewSet):
    """A tenant's connections of one kind."""

    store: ClassVar[Store[Any]]
    connectors: ClassVar[ConnectorTypes]
    not_found: ClassVar[type[ApiError]]

    @staticmethod
    @abstractmethod
    def show(row: Any) -> dict[str, object]:
        """The connection as the answer has it."""

    def list(self, request: Request) -> Response:
        return data_response([self.show(each) for each in self.store.all_of(tenant_of(request).id)])

    def retrieve(self, request: Request, name: str) -> Response:
        return data_response(self.show(self._connection(request, name)))

    def update(self, request: Request, name: str) -> Response:
        tenant_id = tenant_of(request).id
        wanted = self._wanted(request, tenant_id, name)
        saved, is_new = self.store.save(tenant_id, name, wanted.connector, wanted.settings, wanted.credentials)
        return data_response(self.show(saved), status=201 if is_new else 200)

    def destroy(self, request: Request, name: str) -> Response:
        self.store.delete(tenant_of(request).id, self._known(name))
        return Response(status=204)

    def test(self, request: Request, name: str) -> Response:
        """200 also where the connection does not work: that is what was asked."""
        no_fields(request)
        return data_response(self.store.test(self._connection(request, name)))

    def _connection(self, request: Request, name: str) -> Any:
        return self.store.get(tenant_of(request).id, self._known(name))

    def _wanted(self, request: Request, tenant_id: int, name: str) -> ConnectionBody:
        stored = self.store.find(tenant_id, name) if NAME.fullmatch(name) else None
        return read_connection(request, name, partial(problems_of, self.connectors, stored))

    def _known(self, name: str) -> str:
        """A name of any other form is that of no connection."""
        if not NAME.fullmatch(name):
            raise self.not_found()
        return name
