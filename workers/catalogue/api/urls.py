from django.urls import re_path

from workers.catalogue.api.views import (
    OfferViewSet,
    PriceChangeViewSet,
    ProductViewSet,
    RepricingPolicyViewSet,
    SaleViewSet,
)

urlpatterns = [
    re_path(r"^catalogue/products/?$", ProductViewSet.as_view({"get": "list", "post": "create"}), name="products"),
    re_path(r"^catalogue/sales/?$", SaleViewSet.as_view({"get": "list", "post": "create"}), name="sales"),
    re_path(r"^catalogue/offers/?$", OfferViewSet.as_view({"get": "list", "post": "create"}), name="offers"),
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
