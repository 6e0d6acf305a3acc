"""The last completed job about the same, as far as this one can be compared with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError

from aijobs.models import Job
from workers.jobs.llm_visibility_score.planning import Plan
from workers.jobs.llm_visibility_score.shapes import AnswerView, VisibilityResult


@dataclass(frozen=True, slots=True)
class Earlier:
    job_id: UUID
    answers: list[AnswerView]


def earlier_of(plan: Plan, tenant_id: int) -> Earlier | None:
    """None without one; also where an earlier release has written its result otherwise."""
    if plan.previous is None:
        return None
    stored = Job.objects.of(tenant_id).filter(id=plan.previous).values_list("result", flat=True).first()
    try:
        return Earlier(plan.previous, VisibilityResult.model_validate(stored).questions)
    except ValidationError:
        return None


def comparable(before: Sequence[AnswerView], now: Sequence[AnswerView]) -> list[AnswerView]:
    """The earlier answers of the assistants that have answered now: another assistant is not a change."""
    assistants = {each.assistant for each in now}
    return [each for each in before if each.assistant in assistants]
