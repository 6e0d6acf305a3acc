from django.urls import re_path

from workers.jobs.pricing_recalculate.api.price_changes import PriceChangeViewSet

urlpatterns = [
    re_path(
        r"^catalogue/price-changes/(?P<change_id>[^/]+)/revert/?$",
        PriceChangeViewSet.as_view({"post": "revert"}),
        name="price-change-revert",
    ),
    re_path(
        r"^catalogue/price-changes/(?P<change_id>[^/]+)/?$",
        PriceChangeViewSet.as_view({"get": "retrieve"}),
        name="price-change",
    ),
    re_path(
        r"^catalogue/price-changes/?$",
        PriceChangeViewSet.as_view({"get": "list", "post": "create"}),
        name="price-changes",
    ),
]
