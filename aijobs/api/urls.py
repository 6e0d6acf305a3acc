from django.urls import re_path

from aijobs.api.views import BatchViewSet, JobViewSet

urlpatterns = [
    re_path(r"^ai-jobs/?$", JobViewSet.as_view({"get": "list", "post": "create"}), name="jobs"),
    re_path(r"^ai-jobs/types/?$", JobViewSet.as_view({"get": "types"}), name="job-types"),
    re_path(r"^ai-jobs/batch/?$", BatchViewSet.as_view({"post": "create"}), name="batches"),
    re_path(
        r"^ai-jobs/batch/(?P<batch_id>[^/]+)/?$",
        BatchViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="batch",
    ),
    re_path(
        r"^ai-jobs/(?P<job_id>[^/]+)/?$", JobViewSet.as_view({"get": "retrieve", "delete": "destroy"}), name="job"
    ),
]
