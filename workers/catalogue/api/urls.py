from django.urls import re_path

from workers.catalogue.api.views import PriceChangeViewSet, ProductViewSet, SaleViewSet

METHODS = {"get": "list", "post": "create"}

urlpatterns = [
    re_path(r"^catalogue/products/?$", ProductViewSet.as_view(METHODS), name="products"),
    re_path(r"^catalogue/sales/?$", SaleViewSet.as_view(METHODS), name="sales"),
    re_path(r"^catalogue/price-changes/?$", PriceChangeViewSet.as_view(METHODS), name="price-changes"),
]
