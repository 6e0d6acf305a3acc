"""Asking: each assistant each question, within limits and budgets, and what came of it."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from aijobs import identifiers
from aijobs.errors import JobFailure, PermanentFailure, RunPostponed, TransientFailure
from aijobs.outbound.failures import OutboundError, OutOfTime, Throttled, Transient
from aijobs.registry import Context
from workers.assistants import connections
from workers.assistants.asking import NOTHING, AnyAssistant, Asker, Question, later_run
from workers.assistants.protocols import Answer, Prompt, Usage
from workers.jobs.llm_visibility_score.limits import LIMITS
from workers.jobs.llm_visibility_score.local import LocalRetrieval
from workers.jobs.llm_visibility_score.planning import Asked, Plan
from workers.jobs.llm_visibility_score.shapes import LOCAL, MOST_ASSISTANTS, VisibilityParams
from workers.jobs.shared import dollars

# Of the soft limit of 1,500 s: what is not answered by then is left to the next attempt, which finds the answers.
ASK_SECONDS = 1200.0
LONGEST_ANSWER_TOKENS = 800
_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}
INSTRUCTIONS = (
    "You are a shopping assistant. Answer the shopper's question in {language}, as you would answer anybody, and "
    "name the products or brands that you would recommend."
)


@dataclass(frozen=True, slots=True)
class Call:
    """One question to one assistant, for the n-th time."""

    question: Asked
    assistant: AnyAssistant
    sample: int


@dataclass(frozen=True, slots=True)
class Gathered:
    answers: list[tuple[Call, Answer]] = field(default_factory=list)
    problems: list[tuple[Call, OutboundError]] = field(default_factory=list)
    # By name, in the order in which they were to be asked.
    models: dict[str, str] = field(default_factory=dict)
    used: Usage = NOTHING


def gather(params: VisibilityParams, plan: Plan, context: Context) -> Gathered:
    """Raises what `context.progress()` does, RunPostponed and TransientFailure where waiting helps, and
    PermanentFailure where nothing was answered and nothing will be."""
    try:
        with connections.open_assistants(context.tenant_id, _names(params, context.tenant_id)) as opened:
            return _gather(params, plan, context, _in_order(params, context, opened))
    except OutboundError as error:
        raise PermanentFailure(error.code, error.message) from None


def _names(params: VisibilityParams, tenant_id: int) -> list[str]:
    """Those of providers."""
    if params.assistants is not None:
        return [name for name in params.assistants if name != LOCAL]
    return [each.name for each in connections.all_of(tenant_id)][:MOST_ASSISTANTS]


def _in_order(params: VisibilityParams, context: Context, opened: Sequence[AnyAssistant]) -> list[AnyAssistant]:
    """With the service's own, where it is asked for or nobody else is there to be asked."""
    asks_own = not opened if params.assistants is None else LOCAL in params.assistants
    own = [LocalRetrieval(context.tenant_id, params.marketplace, params.language)] if asks_own else []
    return [*opened, *own]


def _gather(params: VisibilityParams, plan: Plan, context: Context, assistants: Sequence[AnyAssistant]) -> Gathered:
    calls = list(_calls(params, plan, assistants))
    day = identifiers.created_at(context.job_id).date()
    asker = Asker(context.tenant_id, context.job_id, day, dollars(params.max_cost))
    answers: list[tuple[Call, Answer]] = []
    problems: list[tuple[Call, OutboundError]] = []
    left = dict(enumerate(calls))
    progress = _Progress(context, calls)
    deadline = time.monotonic() + ASK_SECONDS
    for asked in asker.ask_all(_prompt(call, params.language) for call in calls):
        call = left.pop(asked.index)
        if asked.answer is not None:
            answers.append((call, asked.answer))
        elif asked.problem is not None:
            problems.append((call, asked.problem))
        if not isinstance(asked.problem, Throttled | OutOfTime):
            progress.note(call)
        if time.monotonic() > deadline:
            break
    late = OutOfTime(
        "OUT_OF_TIME", "The assistants took too long. Ask fewer questions, or allow more calls a minute."
    )
    problems += [(call, late) for call in left.values()]
    _raise_for(asker, answers, [problem for _, problem in problems], context)
    return Gathered(answers, problems, {each.name: each.model for each in assistants}, asker.used)


def _calls(params: VisibilityParams, plan: Plan, assistants: Sequence[AnyAssistant]) -> Iterator[Call]:
    """Question by question, so that a budget that ends has bought whole questions."""
    for question in plan.questions:
        for assistant in assistants:
            for sample in range(1, (1 if assistant.name == LOCAL else params.samples) + 1):
                yield Call(question, assistant, sample)


def _prompt(call: Call, language: str) -> Question:
    instructions = INSTRUCTIONS.format(language=_LANGUAGES[language])
    prompt = Prompt(call.question.text, instructions, max_output_tokens=LONGEST_ANSWER_TOKENS, sample=call.sample)
    return call.assistant, prompt


class _Progress:
    """A question is processed once all its answers are there, or known not to come."""

    def __init__(self, context: Context, calls: Sequence[Call]) -> None:
        self._context = context
        self._left = Counter(call.question.text for call in calls)
        self._total = len(self._left)
        context.progress(0, self._total)

    def note(self, call: Call) -> None:
        self._left[call.question.text] -= 1
        self._left += Counter()
        self._context.progress(self._total - len(self._left))


def _raise_for(asker: Asker, answers: Sequence[object], problems: Sequence[OutboundError], context: Context) -> None:
    """What is answered is stored: a run that waits for a limit is gone on with by the next one. The last attempt that
    the job has makes do with what there is."""
    if late := [problem for problem in problems if isinstance(problem, Throttled | OutOfTime)]:
        waits = later_run(late, asker.was_answered)
        if isinstance(waits, RunPostponed) or context.failures + 1 < LIMITS.attempts:
            raise waits
    if problems and not answers:
        raise _failure(problems[0])


def _failure(problem: OutboundError) -> JobFailure:
    if isinstance(problem, Transient):
        return TransientFailure(problem.code, problem.message, problem.retry_after)
    return PermanentFailure(problem.code, problem.message)
