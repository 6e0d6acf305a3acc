from django.urls import re_path

from workers.changes.api.listing_policies import ListingPolicyViewSet
from workers.changes.api.policies import RepricingPolicyViewSet

urlpatterns = [
    re_path(
        r"^catalogue/repricing-policy/?$",
        RepricingPolicyViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="repricing-policy",
    ),
    re_path(
        r"^catalogue/listing-policy/?$",
        ListingPolicyViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="listing-policy",
    ),
]
