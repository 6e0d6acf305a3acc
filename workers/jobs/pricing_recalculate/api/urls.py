from django.urls import re_path

from aijobs.api.guide import Section, add_section
from workers.jobs.pricing_recalculate.api.price_changes import PriceChangeViewSet

# What most schedules are for.
add_section(Section("schedules", "Schedules", "workers/guide/schedules.html"))

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
