from django.urls import re_path

from aijobs.api.batches import BatchViewSet
from aijobs.api.bulk import BulkViewSet
from aijobs.api.events import EventViewSet
from aijobs.api.explanations import ExplanationViewSet
from aijobs.api.exports import ExportViewSet
from aijobs.api.jobs import JobViewSet
from aijobs.api.schedules import ScheduleViewSet
from aijobs.api.types import JobTypeViewSet
from aijobs.api.usage import UsageViewSet
from aijobs.api.webhooks import WebhookViewSet

JOB = r"^ai-jobs/(?P<job_id>[^/]+)"
WEBHOOK = r"^webhooks/(?P<webhook_id>[^/]+)"
DELIVERY = rf"{WEBHOOK}/deliveries/(?P<delivery_id>[^/]+)"
SCHEDULE = r"^ai-jobs/schedules/(?P<schedule_id>[^/]+)"

urlpatterns = [
    re_path(r"^usage/?\Z", UsageViewSet.as_view({"get": "retrieve"}), name="usage"),
    re_path(r"^ai-jobs/?\Z", JobViewSet.as_view({"get": "list", "post": "create"}), name="jobs"),
    re_path(r"^ai-jobs/types/?\Z", JobTypeViewSet.as_view({"get": "list"}), name="job-types"),
    re_path(r"^ai-jobs/batch/?\Z", BatchViewSet.as_view({"post": "create"}), name="batches"),
    re_path(
        r"^ai-jobs/batch/(?P<batch_id>[^/]+)/?\Z",
        BatchViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="batch",
    ),
    re_path(r"^ai-jobs/bulk/?\Z", BulkViewSet.as_view({"get": "list", "post": "create"}), name="bulk-actions"),
    re_path(r"^ai-jobs/bulk/(?P<bulk_id>[^/]+)/?\Z", BulkViewSet.as_view({"get": "retrieve"}), name="bulk-action"),
    re_path(
        r"^ai-jobs/bulk/(?P<bulk_id>[^/]+)/stop/?\Z", BulkViewSet.as_view({"post": "stop"}), name="bulk-action-stop"
    ),
    re_path(r"^ai-jobs/export/?\Z", ExportViewSet.as_view({"get": "export"}), name="export"),
    re_path(
        r"^ai-jobs/batch/(?P<batch_id>[^/]+)/retry-failed/?\Z",
        BatchViewSet.as_view({"post": "retry_failed"}),
        name="batch-retry",
    ),
    re_path(r"^ai-jobs/schedules/?\Z", ScheduleViewSet.as_view({"get": "list", "post": "create"}), name="schedules"),
    re_path(
        rf"{SCHEDULE}/?\Z",
        ScheduleViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="schedule",
    ),
    re_path(rf"{SCHEDULE}/pause/?\Z", ScheduleViewSet.as_view({"post": "pause"}), name="schedule-pause"),
    re_path(rf"{SCHEDULE}/resume/?\Z", ScheduleViewSet.as_view({"post": "resume"}), name="schedule-resume"),
    re_path(rf"{SCHEDULE}/run-now/?\Z", ScheduleViewSet.as_view({"post": "run_now"}), name="schedule-run-now"),
    re_path(rf"{SCHEDULE}/backfill/?\Z", ScheduleViewSet.as_view({"post": "backfill"}), name="schedule-backfill"),
    re_path(rf"{SCHEDULE}/runs/?\Z", ScheduleViewSet.as_view({"get": "runs"}), name="schedule-runs"),
    re_path(r"^ai-jobs/events/?\Z", EventViewSet.as_view({"get": "of_tenant"}), name="events"),
    re_path(r"^ai-jobs/events/ticket/?\Z", EventViewSet.as_view({"post": "ticket"}), name="events-ticket"),
    re_path(r"^ai-jobs/(?P<job_id>[^/]+)/events/?\Z", EventViewSet.as_view({"get": "of_job"}), name="job-events"),
    re_path(r"^ai-jobs/(?P<job_id>[^/]+)/wait/?\Z", EventViewSet.as_view({"get": "wait"}), name="job-wait"),
    re_path(
        r"^ai-jobs/(?P<job_id>[^/]+)/explain/?\Z",
        ExplanationViewSet.as_view({"get": "retrieve"}),
        name="job-explanation",
    ),
    re_path(
        r"^ai-jobs/(?P<job_id>[^/]+)/?\Z",
        JobViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="job",
    ),
    re_path(rf"{JOB}/cancel/?\Z", JobViewSet.as_view({"post": "request_cancel"}), name="job-cancel"),
    re_path(rf"{JOB}/retry/?\Z", JobViewSet.as_view({"post": "retry"}), name="job-retry"),
    re_path(r"^webhooks/?\Z", WebhookViewSet.as_view({"get": "list", "post": "create"}), name="webhooks"),
    re_path(
        rf"{WEBHOOK}/?\Z",
        WebhookViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="webhook",
    ),
    re_path(rf"{WEBHOOK}/ping/?\Z", WebhookViewSet.as_view({"post": "ping"}), name="webhook-ping"),
    re_path(rf"{WEBHOOK}/resume/?\Z", WebhookViewSet.as_view({"post": "resume"}), name="webhook-resume"),
    re_path(
        rf"{WEBHOOK}/rotate-secret/?\Z",
        WebhookViewSet.as_view({"post": "rotate_secret"}),
        name="webhook-rotate-secret",
    ),
    re_path(rf"{WEBHOOK}/replay/?\Z", WebhookViewSet.as_view({"post": "replay_range"}), name="webhook-replay"),
    re_path(rf"{WEBHOOK}/deliveries/?\Z", WebhookViewSet.as_view({"get": "deliveries"}), name="webhook-deliveries"),
    re_path(rf"{DELIVERY}/?\Z", WebhookViewSet.as_view({"get": "delivery"}), name="webhook-delivery"),
    re_path(rf"{DELIVERY}/replay/?\Z", WebhookViewSet.as_view({"post": "replay"}), name="webhook-delivery-replay"),
]
