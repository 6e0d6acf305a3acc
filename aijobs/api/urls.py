from django.urls import re_path

from aijobs.api.batches import BatchViewSet
from aijobs.api.jobs import JobViewSet
from aijobs.api.types import JobTypeViewSet

urlpatterns = [
    re_path(r"^ai-jobs/?\Z", JobViewSet.as_view({"get": "list", "post": "create"}), name="jobs"),
    re_path(r"^ai-jobs/types/?\Z", JobTypeViewSet.as_view({"get": "list"}), name="job-types"),
    re_path(r"^ai-jobs/batch/?\Z", BatchViewSet.as_view({"post": "create"}), name="batches"),
    re_path(
        r"^ai-jobs/batch/(?P<batch_id>[^/]+)/?\Z",
        BatchViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="batch",
    ),
    re_path(
        r"^ai-jobs/(?P<job_id>[^/]+)/?\Z", JobViewSet.as_view({"get": "retrieve", "delete": "destroy"}), name="job"
    ),
]
