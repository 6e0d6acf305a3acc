from aijobs.models.batches import Batch, BatchQuerySet
from aijobs.models.events import JobEvent, TransactionIdField
from aijobs.models.idempotency import IdempotencyKey
from aijobs.models.jobs import NEWEST_FIRST, RELEASED, UNRELEASED, Job, JobQuerySet, WrittenJSONField
from aijobs.models.keys import ApiKey
from aijobs.models.statistics import QueueStatistics
from aijobs.models.tenants import Tenant, TenantCapacity, validate_timezone

__all__ = [
    "NEWEST_FIRST",
    "RELEASED",
    "UNRELEASED",
    "ApiKey",
    "Batch",
    "BatchQuerySet",
    "IdempotencyKey",
    "Job",
    "JobEvent",
    "JobQuerySet",
    "QueueStatistics",
    "Tenant",
    "TenantCapacity",
    "TransactionIdField",
    "WrittenJSONField",
    "validate_timezone",
]
