"""The last completed jobs about the same, with which this one is compared: those whose assistants are the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

import orjson
from pydantic import BaseModel, ValidationError

from aijobs.models import Job
from aijobs.registry import Context
from workers.assistants.models import Baseline
from workers.jobs.llm_visibility_score.shapes import AnswerView

# By name: its model.
Answered = Mapping[str, str]


class _Result(BaseModel):
    """What is read of an earlier one's."""

    competitors: list[str]
    questions: list[AnswerView]


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier job's answers, as far as these are compared with them. Without one there are none."""

    job_id: UUID | None = None
    answers: Sequence[AnswerView] = ()
    competitors: Sequence[str] = ()


NONE = Earlier()


@dataclass(frozen=True, slots=True)
class History:
    """The last job whose answers are of all these assistants and of no other, and the last one for each of them."""

    overall: Earlier = NONE
    assistants: Mapping[str, Earlier] = field(default_factory=dict)

    def of(self, assistant: str) -> Earlier:
        return self.assistants.get(assistant, NONE)


def history_of(subject: str, answered: Answered, context: Context) -> History:
    """What this job is compared with. Each is found by an index, and at most one job is read for each assistant and
    one more."""
    read: dict[UUID, _Result | None] = {}

    def earlier(digest: bytes, assistants: Iterable[str]) -> Earlier:
        job_id = _last(digest, context)
        if job_id is None:
            return NONE
        if job_id not in read:
            read[job_id] = _result_of(job_id, context.tenant_id)
        result, wanted = read[job_id], set(assistants)
        if result is None:
            return NONE
        return Earlier(job_id, [each for each in result.questions if each.assistant in wanted], result.competitors)

    return History(
        earlier(_of_all(subject, answered), answered),
        {name: earlier(_of_one(subject, name, model), [name]) for name, model in answered.items()},
    )


def remember(subject: str, answered: Answered, context: Context) -> None:
    """Later jobs are compared with this one. In the transaction that completes it."""
    digests = [
        _of_all(subject, answered),
        *(_of_one(subject, name, model) for name, model in answered.items()),
    ]
    Baseline.objects.bulk_create(
        Baseline(tenant_id=context.tenant_id, digest=digest, job_id=context.job_id) for digest in digests
    )


def _last(digest: bytes, context: Context) -> UUID | None:
    rows = Baseline.objects.of(context.tenant_id).filter(digest=digest, job__lt=context.job_id)
    return rows.order_by("-job").values_list("job_id", flat=True).first()


def _result_of(job_id: UUID, tenant_id: int) -> _Result | None:
    """None where it is gone, or an earlier release has written it otherwise."""
    stored = Job.objects.of(tenant_id).filter(id=job_id).values_list("result", flat=True).first()
    try:
        return _Result.model_validate(stored)
    except ValidationError:
        return None


def _of_all(subject: str, answered: Answered) -> bytes:
    return _digest(["all", subject, *sorted(answered.items())])


def _of_one(subject: str, name: str, model: str) -> bytes:
    return _digest(["one", subject, name, model])


def _digest(document: Sequence[object]) -> bytes:
    return sha256(orjson.dumps(document)).digest()
