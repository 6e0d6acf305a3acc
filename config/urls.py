from django.contrib import admin
from django.urls import include, path, re_path

from aijobs.admin.dashboard.views import NumbersView
from aijobs.api.docs import DocumentationView, SchemaView
from aijobs.api.guide import GuideView
from aijobs.api.health import HealthView, ReadyView
from aijobs.api.home import HomeView, IconView
from aijobs.api.metrics import MetricsView
from aijobs.api.resources import ResourcesView

urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    re_path(r"^api/?\Z", ResourcesView.as_view(), name="resources"),
    path("favicon.ico", IconView.as_view(), name="icon"),
    path("api/", include("aijobs.api.urls")),
    path("api/", include("workers.catalogue.api.urls")),
    path("api/", include("workers.changes.api.urls")),
    path("api/", include("workers.jobs.listing_optimize.api.urls")),
    path("api/", include("workers.jobs.pricing_recalculate.api.urls")),
    path("api/", include("workers.marketplaces.api.urls")),
    path("api/", include("workers.assistants.api.urls")),
    re_path(r"^api/schema/?$", SchemaView.as_view(), name="schema"),
    re_path(r"^api/docs/?$", DocumentationView.as_view(), name="docs"),
    re_path(r"^api/docs/guide/?\Z", GuideView.as_view(), name="guide"),
    path("admin/numbers/", admin.site.admin_view(NumbersView.as_view()), name="numbers"),
    path("admin/", admin.site.urls),
    re_path(r"^healthz/?$", HealthView.as_view(), name="healthz"),
    re_path(r"^metrics/?$", MetricsView.as_view(), name="metrics"),
    re_path(r"^readyz/?$", ReadyView.as_view(), name="readyz"),
]

handler400 = "aijobs.api.wire.envelope.bad_request"
handler403 = "aijobs.api.wire.envelope.permission_denied"
handler404 = "aijobs.api.wire.envelope.not_found"
handler500 = "aijobs.api.wire.envelope.server_error"
