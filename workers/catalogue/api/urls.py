from django.urls import re_path

from aijobs.api.guide import Section, add_section
from workers.catalogue.api.kinds import viewset_of
from workers.catalogue.kinds import KINDS

add_section(Section("imports", "Importing your catalogue", "catalogue/guide/imports.html"))

urlpatterns = [
    re_path(
        rf"^catalogue/{kind.path}/?$",
        viewset_of(kind).as_view({"get": "list", "post": "create", "delete": "destroy"}),
        name=kind.name,
    )
    for kind in KINDS
]
