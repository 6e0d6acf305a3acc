from django.urls import re_path

from workers.changes.api.policies import RepricingPolicyViewSet
from workers.changes.api.price_changes import PriceChangeViewSet

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
    re_path(
        r"^catalogue/repricing-policy/?$",
        RepricingPolicyViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="repricing-policy",
    ),
]
