from django.urls import re_path

from workers.marketplaces.api.connections import ConnectionViewSet

NAME = r"(?P<name>[^/]+)"

urlpatterns = [
    re_path(r"^marketplaces/?$", ConnectionViewSet.as_view({"get": "list"}), name="marketplaces"),
    re_path(
        rf"^marketplaces/{NAME}/?$",
        ConnectionViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="marketplace",
    ),
    re_path(rf"^marketplaces/{NAME}/test/?$", ConnectionViewSet.as_view({"post": "test"}), name="marketplace-test"),
]
