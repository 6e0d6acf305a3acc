"""The lists to which the front page leads, filtered as it says."""

from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

JOBS = "admin:aijobs_job_changelist"
# The query parameter of each filter of the list of jobs.
PARAMETERS = {
    "status": "status__exact",
    "type": "type",
    "tenant": "tenant",
    "code": "error_code",
    "created": "created",
}


def of(page: str, query: str = "") -> str:
    """The address of a list."""
    return reverse(page) + (f"?{query}" if query else "")


def jobs(**filters: str) -> str:
    """The list of jobs, filtered: by status, type, tenant or error code, and by the span of their creation.

    Without one these are the jobs of the last week.
    """
    return of(JOBS, urlencode({PARAMETERS[name]: value for name, value in filters.items()}))


def workers() -> str:
    return of("admin:aijobs_worker_changelist")


def job(job_id: UUID) -> str:
    return reverse("admin:aijobs_job_change", args=[job_id])


def schedule(schedule_id: UUID) -> str:
    return reverse("admin:aijobs_schedule_change", args=[schedule_id])


def schedules_that_paused_themselves() -> str:
    return of("admin:aijobs_schedule_changelist", "state=itself")
