from django.urls import re_path

from workers.catalogue.api.kinds import viewset_of
from workers.catalogue.kinds import KINDS

urlpatterns = [
    re_path(
        rf"^catalogue/{kind.name}/?$",
        viewset_of(kind).as_view({"get": "list", "post": "create", "delete": "destroy"}),
        name=kind.name,
    )
    for kind in KINDS
]
