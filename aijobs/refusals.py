"""All that is wrong with a body, told at once."""

from collections.abc import Callable, Mapping
from typing import ParamSpec, TypeVar

from aijobs.errors import ApiError, FieldError, InvalidJobType, InvalidParams, InvalidRequest

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")
# Whose code the answer has, where there are several: those before what a type's admission refuses.
FIRST = (InvalidRequest, InvalidJobType, InvalidParams)


class Refusals:
    """Collects what the steps of reading a request refuse. True where there is anything."""

    def __init__(self) -> None:
        self._found: list[ApiError] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def collect(
        self, step: Callable[Arguments, Answer], *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Answer | None:
        """What the step returns; None where it refuses, which is kept for `error`."""
        try:
            return step(*arguments, **named)
        except ApiError as refusal:
            self._found.append(refusal)
            return None

    def error(self) -> ApiError:
        """One refusal about all: with the code of the gravest, and every wrong field in its details."""
        gravest = min(self._found, key=_rank)
        return gravest if len(self._found) == 1 else with_fields(gravest, self.fields())

    def fields(self) -> list[FieldError]:
        return [field for refusal in self._found for field in fields_of(refusal)]


def _rank(refusal: ApiError) -> int:
    return next((rank for rank, kind in enumerate(FIRST) if isinstance(refusal, kind)), len(FIRST))


def fields_of(refusal: ApiError) -> list[FieldError]:
    """The wrong fields that a refusal is about. What a type's admission refuses is about its params."""
    details = refusal.details.get("errors") if isinstance(refusal.details, Mapping) else refusal.details
    return details if isinstance(details, list) else [{"path": "params", "message": refusal.message}]


def with_fields(refusal: ApiError, fields: list[FieldError]) -> ApiError:
    """The same refusal about other fields. An unknown type's also lists the known ones."""
    if isinstance(refusal, InvalidJobType) and isinstance(refusal.details, Mapping):
        return InvalidJobType(refusal.message, {**refusal.details, "errors": fields})
    return type(refusal)(refusal.message, fields)
