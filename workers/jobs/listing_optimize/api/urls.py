from django.urls import re_path

from aijobs.api.guide import Section, add_section
from workers.jobs.listing_optimize.api.listing_changes import ListingChangeViewSet

add_section(Section("listings", "Better listings", "workers/guide/listings.html"))

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
