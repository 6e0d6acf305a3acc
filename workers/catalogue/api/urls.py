from django.urls import re_path

from workers.catalogue.api.kinds import viewset_of
from workers.catalogue.api.views import PriceChangeViewSet, RepricingPolicyViewSet
from workers.catalogue.kinds import KINDS

urlpatterns = [
    *(
        re_path(
            rf"^catalogue/{kind.name}/?$",
            viewset_of(kind).as_view({"get": "list", "post": "create"}),
            name=kind.name,
        )
        for kind in KINDS
    ),
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
        r"^catalogue/repricing-policy/?$",
        RepricingPolicyViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="repricing-policy",
    ),
    re_path(
        r"^catalogue/price-changes/?$",
        PriceChangeViewSet.as_view({"get": "list", "post": "create"}),
        name="price-changes",
    ),
]
