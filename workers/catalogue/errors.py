"""The catalogue's own refusals."""

from aijobs.errors import ApiError


class JobNotFinished(ApiError):
    code, status, default_message = "JOB_NOT_FINISHED", 409, "Only a completed job has recommendations to apply."
