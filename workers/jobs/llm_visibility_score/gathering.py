"""Asking: each assistant each question, within limits and budgets, and what came of it."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from aijobs import identifiers
from aijobs.errors import JobFailure, PermanentFailure, RunPostponed, TransientFailure
from aijobs.outbound.failures import OutboundError, Permanent, Transient
from aijobs.registry import Context
from workers.assistants import connections
from workers.assistants.asking import NOTHING, AnyAssistant, Asker, Delay, Question, later_run
from workers.assistants.protocols import Answer, Prompt, Usage
from workers.jobs.llm_visibility_score import prompts
from workers.jobs.llm_visibility_score.limits import LIMITS
from workers.jobs.llm_visibility_score.local import LocalRetrieval
from workers.jobs.llm_visibility_score.planning import Asked, Plan
from workers.jobs.llm_visibility_score.shapes import LOCAL, MOST_ASSISTANTS, VisibilityParams
from workers.jobs.shared import dollars
from workers.visibility.declining import is_declined
from workers.visibility.reading import Reader

# Of the soft limit of 1,500 s: what is not asked by then is left to the next attempt, which finds the answers. The
# calls that are under way are waited for a little longer (`asking.LAST_ANSWERS_SECONDS`), and then the answers are
# read, which takes 34 ms for one that names 21 brands: three minutes for 5,000.
ASK_SECONDS = 1000.0
# Of a refusal, as it is shown.
LONGEST_REFUSAL = 300


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


class Closed:
    """An assistant that cannot be opened: each of its questions has that problem, and the others' answers count."""

    model = ""

    def __init__(self, name: str, problem: OutboundError) -> None:
        self.name = name
        self._problem = problem

    def ask(self, prompt: Prompt) -> Answer:
        raise self._problem


def gather(params: VisibilityParams, plan: Plan, context: Context) -> Gathered:
    """Raises what `context.progress()` does, RunPostponed and TransientFailure where waiting helps, and
    PermanentFailure where nothing was answered and nothing will be."""
    with ExitStack() as stack:
        return _gather(params, plan, context, _assistants(params, context, stack))


def _assistants(params: VisibilityParams, context: Context, stack: ExitStack) -> list[AnyAssistant]:
    """Those that are asked for, else all that are configured, else the service's own."""
    names = params.assistants
    if names is None:
        names = [each.name for each in connections.all_of(context.tenant_id)][:MOST_ASSISTANTS] or [LOCAL]
    return [
        LocalRetrieval(context.tenant_id, params.marketplace, params.language)
        if name == LOCAL
        else _opened(name, context, stack)
        for name in names
    ]


def _opened(name: str, context: Context, stack: ExitStack) -> AnyAssistant:
    try:
        return stack.enter_context(connections.open_assistant(context.tenant_id, name))
    except OutboundError as problem:
        return Closed(name, problem)


def _gather(params: VisibilityParams, plan: Plan, context: Context, assistants: Sequence[AnyAssistant]) -> Gathered:
    calls = list(_calls(params, plan, assistants))
    day = identifiers.created_at(context.job_id).date()
    asker = Asker(context.tenant_id, context.job_id, day, dollars(params.max_cost), context.checkpoint)
    reader = Reader(plan.brands, params.language)
    answers: list[tuple[Call, Answer]] = []
    failed: dict[int, OutboundError] = {}
    prompts = [_prompt(call, params.language) for call in calls]
    progress = _Progress(context, calls, asker.stored(prompts) if context.attempt > 1 else set())
    for asked in asker.ask_all(prompts, seconds=ASK_SECONDS):
        call = calls[asked.index]
        problem = asked.problem or _refused(call, asked.answer, reader, params.language)
        if problem is not None:
            failed[asked.index] = problem
        elif asked.answer is not None:
            answers.append((call, asked.answer))
        if not isinstance(asked.problem, Delay):
            progress.note(asked.index)
    problems = [(calls[index], failed[index]) for index in sorted(failed)]
    _raise_for(asker, answers, problems, context)
    return Gathered(answers, problems, {each.name: each.model for each in assistants}, asker.used)


def _refused(call: Call, answer: Answer | None, reader: Reader, language: str) -> Permanent | None:
    """A refusal in plain words does not say what the assistant recommends: it is not an answer without the brand."""
    if answer is None or call.assistant.name == LOCAL or not is_declined(answer.text, language):
        return None
    if reader.read(call.question.text, answer.text).mentions:
        return None
    told = " ".join(answer.text.split())[:LONGEST_REFUSAL]
    return Permanent("REFUSED", f"{call.assistant.model} refuses to answer: {told}")


def _calls(params: VisibilityParams, plan: Plan, assistants: Sequence[AnyAssistant]) -> Iterator[Call]:
    """Question by question, so that a budget that ends has bought whole questions."""
    for question in plan.questions:
        for assistant in assistants:
            for sample in range(1, (1 if assistant.name == LOCAL else params.samples) + 1):
                yield Call(question, assistant, sample)


def _prompt(call: Call, language: str) -> Question:
    return call.assistant, prompts.prompt(call.question.text, language, call.sample)


class _Progress:
    """A question is processed once all its answers are there, or known not to come. What earlier attempts have of
    them is there from the beginning."""

    def __init__(self, context: Context, calls: Sequence[Call], stored: Collection[int]) -> None:
        self._context, self._calls = context, calls
        self._open = set(range(len(calls))) - set(stored)
        self._left = Counter(calls[index].question.text for index in self._open)
        self._total = len({call.question.text for call in calls})
        self._report()

    def note(self, index: int) -> None:
        if index in self._open:
            self._open.remove(index)
            self._left[self._calls[index].question.text] -= 1
            self._report()

    def _report(self) -> None:
        self._context.progress(self._total - sum(left > 0 for left in self._left.values()), self._total)


def _raise_for(
    asker: Asker, answers: Sequence[object], problems: Sequence[tuple[Call, OutboundError]], context: Context
) -> None:
    """What is answered is stored: a run that waits for a limit is gone on with by the next one. The last attempt that
    the job has makes do with what there is."""
    if late := [problem for _, problem in problems if isinstance(problem, Delay)]:
        waits = later_run(late, asker.was_answered)
        if isinstance(waits, RunPostponed) or context.failures + 1 < LIMITS.attempts:
            raise waits
    if problems and not answers:
        raise _failure(problems)


def _failure(problems: Sequence[tuple[Call, OutboundError]]) -> JobFailure:
    """What each assistant's first problem is. One that may fare better later is worth another attempt."""
    firsts: dict[str, OutboundError] = {}
    for call, problem in problems:
        firsts.setdefault(call.assistant.name, problem)
    told = " ".join(f"{name}: {problem.message}" for name, problem in firsts.items())
    for problem in firsts.values():
        if isinstance(problem, Transient):
            return TransientFailure(problem.code, told, problem.retry_after)
    return PermanentFailure(problems[0][1].code, told)
