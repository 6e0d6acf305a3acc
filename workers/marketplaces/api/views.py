"""A tenant's connections to marketplaces: set, look at, try out, remove. Credentials go in and never come out."""

import re

from pydantic import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from aijobs import registry
from aijobs.api.authentication import tenant_of
from aijobs.api.wire.bodies import json_object
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import check_names
from aijobs.errors import InvalidParams
from workers.marketplaces import connections
from workers.marketplaces.api import documentation, serializers

NAME = re.compile(r"[a-z0-9_]{1,32}")


class ConnectionViewSet(ViewSet):
    scopes = {
        "GET": "marketplaces:read",
        "PUT": "marketplaces:write",
        "DELETE": "marketplaces:write",
        "POST": "marketplaces:write",
    }

    @documentation.list_marketplaces
    def list(self, request: Request) -> Response:
        check_names(request.query_params, set())
        found = connections.all_of(tenant_of(request).id)
        return data_response([serializers.show_connection(each) for each in found])

    @documentation.get_marketplace
    def retrieve(self, request: Request, name: str) -> Response:
        check_names(request.query_params, set())
        return data_response(serializers.show_connection(connections.get(tenant_of(request).id, _known(name))))

    @documentation.put_marketplace
    def update(self, request: Request, name: str) -> Response:
        check_names(request.query_params, set())
        if not NAME.fullmatch(name):
            raise InvalidParams(details=[{"path": "name", "message": "must have 1 to 32 of a-z, 0-9 and _"}])
        try:
            wanted = serializers.ConnectionRequest.model_validate(json_object(request))
        except ValidationError as error:
            raise InvalidParams(details=registry.field_errors(error)) from None
        saved, is_new = connections.save(
            tenant_of(request).id, name, wanted.connector, wanted.settings, wanted.credentials
        )
        return data_response(serializers.show_connection(saved), status=201 if is_new else 200)

    @documentation.delete_marketplace
    def destroy(self, request: Request, name: str) -> Response:
        check_names(request.query_params, set())
        connections.delete(tenant_of(request).id, _known(name))
        return Response(status=204)

    @documentation.test_marketplace
    def test(self, request: Request, name: str) -> Response:
        """200 also where the connection does not work: that is what was asked."""
        check_names(request.query_params, set())
        return data_response(connections.test(connections.get(tenant_of(request).id, _known(name))))


def _known(name: str) -> str:
    """A name of any other form is that of no marketplace."""
    if not NAME.fullmatch(name):
        raise connections.MarketplaceNotFound()
    return name
