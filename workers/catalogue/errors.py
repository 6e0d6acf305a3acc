"""The catalogue's own refusals."""

from aijobs.errors import ApiError


class JobNotFinished(ApiError):
    code, status, default_message = "JOB_NOT_FINISHED", 409, "Only a completed job has recommendations to apply."


class PriceChangeNotFound(ApiError):
    code, status, default_message = "PRICE_CHANGE_NOT_FOUND", 404, "Price change ID does not exist."


class NotRevertible(ApiError):
    code, status, default_message = "NOT_REVERTIBLE", 409, "The price change cannot be reverted."
