from django.urls import re_path

from workers.catalogue.api.views import OfferViewSet, ProductViewSet, SaleViewSet

urlpatterns = [
    re_path(r"^catalogue/products/?$", ProductViewSet.as_view({"get": "list", "post": "create"}), name="products"),
    re_path(r"^catalogue/sales/?$", SaleViewSet.as_view({"get": "list", "post": "create"}), name="sales"),
    re_path(r"^catalogue/offers/?$", OfferViewSet.as_view({"get": "list", "post": "create"}), name="offers"),
]
