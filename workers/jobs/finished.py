"""Finished jobs whose recommendations are applied after a look."""

from uuid import UUID

from aijobs.errors import ApiError, JobNotFound
from aijobs.models import Job
from aijobs.states import Status


class JobNotFinished(ApiError):
    code, status, default_message = "JOB_NOT_FINISHED", 409, "Only a completed job has recommendations to apply."
    advice = "Poll the job, and apply its recommendations when its `status` is `completed`."


def finished_job(tenant_id: int, kind: str, job_id: UUID | None) -> Job:
    """The tenant's job of this type. Raises JobNotFound, also for a job of another type, and JobNotFinished."""
    job = Job.objects.of(tenant_id).filter(id=job_id, type=kind).first() if job_id else None
    if job is None:
        raise JobNotFound(f"There is no {kind} job with this ID.")
    if job.status != Status.COMPLETED:
        raise JobNotFinished(f"The job is {job.status}. Only a completed job has recommendations to apply.")
    if job.result is None:
        raise JobNotFinished("The result of this job was deleted. Dispatch the job again.")
    return job
