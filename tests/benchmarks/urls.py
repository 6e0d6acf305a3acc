from django.urls import include, path

from tests.benchmarks.peers.bare_drf import BareJobView

urlpatterns = [path("peer/jobs", BareJobView.as_view()), path("", include("config.urls"))]
