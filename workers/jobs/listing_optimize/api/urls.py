from django.urls import re_path

from workers.jobs.listing_optimize.api.listing_changes import ListingChangeViewSet

urlpatterns = [
    re_path(
        r"^catalogue/listing-changes/(?P<change_id>[^/]+)/revert/?$",
        ListingChangeViewSet.as_view({"post": "revert"}),
        name="listing-change-revert",
    ),
    re_path(
        r"^catalogue/listing-changes/(?P<change_id>[^/]+)/?$",
        ListingChangeViewSet.as_view({"get": "retrieve"}),
        name="listing-change",
    ),
    re_path(
        r"^catalogue/listing-changes/?$",
        ListingChangeViewSet.as_view({"get": "list", "post": "create"}),
        name="listing-changes",
    ),
]
