from aijobs.models.batches import Batch, BatchQuerySet
from aijobs.models.bulk import BulkAction
from aijobs.models.events import JobEvent, TransactionIdField
from aijobs.models.forecasts import Forecast
from aijobs.models.idempotency import IdempotencyKey
from aijobs.models.jobs import LISTED_STATUS, NEWEST_FIRST, RELEASED, TERMS, UNRELEASED, Job, JobQuerySet
from aijobs.models.keys import ApiKey
from aijobs.models.rollups import (
    BUCKET_BOUNDS,
    BUCKETS,
    DayUsage,
    HourRollup,
    MinuteRollup,
    RollupCursor,
    TotalRollup,
)
from aijobs.models.schedules import Schedule, ScheduleQuerySet, ScheduleRun
from aijobs.models.statistics import QueueStatistics
from aijobs.models.tenants import LaneBound, Tenant, TenantCapacity, validate_timezone
from aijobs.models.webhooks import Webhook, WebhookCursor, WebhookDelivery, WebhookQuerySet
from aijobs.models.workers import Worker
from aijobs.models.written import WrittenJSONField

__all__ = [
    "BUCKETS",
    "BUCKET_BOUNDS",
    "LISTED_STATUS",
    "NEWEST_FIRST",
    "RELEASED",
    "TERMS",
    "UNRELEASED",
    "ApiKey",
    "Batch",
    "BatchQuerySet",
    "BulkAction",
    "DayUsage",
    "Forecast",
    "HourRollup",
    "IdempotencyKey",
    "Job",
    "JobEvent",
    "JobQuerySet",
    "LaneBound",
    "MinuteRollup",
    "QueueStatistics",
    "RollupCursor",
    "Schedule",
    "ScheduleQuerySet",
    "ScheduleRun",
    "Tenant",
    "TenantCapacity",
    "TotalRollup",
    "TransactionIdField",
    "Webhook",
    "WebhookCursor",
    "WebhookDelivery",
    "WebhookQuerySet",
    "Worker",
    "WrittenJSONField",
    "validate_timezone",
]
