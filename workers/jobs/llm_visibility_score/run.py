"""The way of the answers: what to ask, decided once → asked → read → summed up, beside the last run."""

from collections.abc import Sequence

from aijobs import identifiers
from aijobs.registry import Context
from workers.jobs.llm_visibility_score import planning, reading
from workers.jobs.llm_visibility_score.gathering import Gathered, gather
from workers.jobs.llm_visibility_score.history import Answered, Earlier, History, history_of, remember
from workers.jobs.llm_visibility_score.planning import Plan
from workers.jobs.llm_visibility_score.reporting import Before, Reporter
from workers.jobs.llm_visibility_score.shapes import (
    MOST_SHOWN_FAILURES,
    AnswerView,
    AssistantSummary,
    Failure,
    VisibilityParams,
    VisibilityResult,
)
from workers.jobs.shared import Tokens
from workers.visibility.asking import BRANDED
from workers.visibility.scoring import Sample
from workers.visibility.shapes import Mention


def run(params: VisibilityParams, context: Context) -> VisibilityResult:
    """Raises PermanentFailure and TransientFailure where nothing could be asked, or a limit is to be waited for."""
    plan = planning.decide(params, context)
    gathered = gather(params, plan, context)
    answers = reading.read(params, plan, gathered)
    answered = _answered(gathered)
    history = history_of(plan.subject, answered, context)

    def completed(result: VisibilityResult) -> VisibilityResult:
        remember(plan.subject, answered, context)
        return result

    context.commit_with(completed, while_suspended=True)
    return _result(plan, gathered, answers, history)


def _answered(gathered: Gathered) -> Answered:
    """The models of the assistants of which there is any answer."""
    names = {call.assistant.name for call, _ in gathered.answers}
    return {name: model for name, model in gathered.models.items() if name in names}


def _result(plan: Plan, gathered: Gathered, answers: list[AnswerView], history: History) -> VisibilityResult:
    reporter = Reporter(plan.brands)
    return VisibilityResult(
        brand=plan.brand.name,
        competitors=[each.name for each in plan.competitors],
        processed_count=len(answers),
        is_partial=bool(gathered.problems),
        overall=reporter.summary(_samples(answers), _before(history.overall)),
        assistants=[
            AssistantSummary(
                assistant=name,
                model=model,
                summary=reporter.summary(_samples(answers, name), _before(history.of(name))),
                compared_with=_public(history.of(name)),
            )
            for name, model in gathered.models.items()
        ],
        branded=reporter.branded(
            _samples(answers, branded=True), Before(_samples(history.overall.answers, branded=True))
        ),
        compared_with=_public(history.overall),
        questions=answers,
        cost=gathered.used.cost,
        tokens=Tokens(input=gathered.used.input_tokens, output=gathered.used.output_tokens),
        failure_count=len(gathered.problems),
        failures=_failures(gathered),
    )


def _before(earlier: Earlier) -> Before:
    return Before(_samples(earlier.answers), earlier.competitors)


def _public(earlier: Earlier) -> str | None:
    return identifiers.encode(identifiers.JOB_PREFIX, earlier.job_id) if earlier.job_id else None


def _samples(answers: Sequence[AnswerView], assistant: str | None = None, *, branded: bool = False) -> list[Sample]:
    """Of one assistant, or of all: a question to two assistants is one question still."""
    return [
        Sample(
            each.question,
            tuple(Mention(m.brand, m.position, m.quote, m.sentiment) for m in each.mentions),
            tuple(each.citations),
        )
        for each in answers
        if (each.group == BRANDED) == branded and assistant in (None, each.assistant)
    ]


def _failures(gathered: Gathered) -> list[Failure]:
    return [
        Failure(
            question=call.question.text,
            assistant=call.assistant.name,
            sample=call.sample,
            code=problem.code,
            message=problem.message,
        )
        for call, problem in gathered.problems[:MOST_SHOWN_FAILURES]
    ]
