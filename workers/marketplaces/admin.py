"""The staff's view of connections to marketplaces."""

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest

from workers.connections.admin import ConnectionAdmin, ConnectionForm
from workers.connections.models import StoredConnection
from workers.marketplaces import connections
from workers.marketplaces.connectors import CONNECTORS
from workers.marketplaces.models import Connection


class MarketplaceForm(ConnectionForm):
    connections = connections
    known = CONNECTORS

    class Meta:
        model = Connection
        fields: ClassVar = ["tenant", "name", "connector", "settings"]


@admin.register(Connection)
class MarketplaceAdmin(ConnectionAdmin):
    form = MarketplaceForm

    def has_delete_permission(self, request: HttpRequest, obj: StoredConnection | None = None) -> bool:
        """Through the API, which refuses while a change is on its way."""
        return False
