"""The client of AI Jobs, sync and async. Installed, its name is `aijobs_client`.

    from aijobs_client import Client

    with Client("https://jobs.example.com", api_key="sk_…") as client:
        job = client.dispatch("pricing_recalculate", {"skus": ["SKU-001"], "marketplace": "amazon_us"})
        result = client.result(job["id"])

It knows nothing of the service but its HTTP API, and imports nothing of it.
"""

from .aio import AsyncClient
from .errors import ApiError, JobCancelled, JobFailed, JobUnfinished
from .shapes import (
    Batch,
    BatchAccepted,
    Event,
    Job,
    JobFilter,
    JobOptions,
    JobTemplate,
    Priority,
    Status,
)
from .sync import Client
from .webhooks import InvalidSignature, WebhookEvent, verify_webhook

__all__ = [
    "ApiError",
    "AsyncClient",
    "Batch",
    "BatchAccepted",
    "Client",
    "Event",
    "InvalidSignature",
    "Job",
    "JobCancelled",
    "JobFailed",
    "JobFilter",
    "JobOptions",
    "JobTemplate",
    "JobUnfinished",
    "Priority",
    "Status",
    "WebhookEvent",
    "verify_webhook",
]
