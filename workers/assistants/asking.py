"""Asking assistants for a job: from the cache, else within their limits and what the job and its tenant may spend."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import cast
from uuid import UUID

from aijobs.errors import RunPostponed, TransientFailure
from aijobs.outbound.failures import CredentialsRefused, NotYet, OutboundError, OutOfTime, Throttled, Transient
from workers.assistants import accounting, answers
from workers.assistants.accounting import BudgetExceeded, Call, Hold
from workers.assistants.connectors import AnyConnector
from workers.assistants.protocols import Answer, Assistant, Connector, Prompt, Reply, Usage

AnyAssistant = AnyConnector | Assistant
Question = tuple[AnyAssistant, Prompt]

# Calls to one assistant that are under way at the same time.
AT_ONCE = 8
# What an assistant may fail in a row before the rest of its questions are given up: with a time-out each, a server
# that is away would else keep the worker for hours.
MOST_FAILURES = 3
# Each token is a few bytes of text in any language, and this is less than most: an estimate that is rather too high.
BYTES_PER_TOKEN = 3

NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of one question: an answer or a problem."""

    # Its place among the questions.
    index: int
    assistant: AnyAssistant
    prompt: Prompt
    answer: Answer | None = None
    problem: OutboundError | None = None
    # What it took: also a refusal is paid for, and an answer of the cache is not.
    usage: Usage = NOTHING


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A question that a provider is to be asked."""

    index: int
    assistant: AnyConnector
    prompt: Prompt

    def answered(self, answer: Answer) -> Asked:
        return Asked(self.index, self.assistant, self.prompt, answer, usage=answer.usage)

    def failed(self, problem: OutboundError, usage: Usage = NOTHING) -> Asked:
        return Asked(self.index, self.assistant, self.prompt, problem=problem, usage=usage)

    @property
    def most(self) -> Decimal:
        """What the call may cost: the estimate of its question, and the longest answer."""
        return self.assistant.cost(self.said_tokens, self.prompt.max_output_tokens)

    @property
    def said_tokens(self) -> int:
        """An estimate."""
        return _tokens_of(f"{self.prompt.instructions}{self.prompt.text}{self.prompt.schema or ''}")


def _tokens_of(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


@dataclass(slots=True)
class _Line:
    """The questions that wait for one assistant."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    under_way: int = 0
    failures: int = 0
    # Why the rest is not asked.
    closed: OutboundError | None = None

    def note(self, problem: OutboundError | None) -> None:
        """What a call has shown of those to come."""
        self.failures = self.failures + 1 if isinstance(problem, Transient) else 0
        if isinstance(problem, CredentialsRefused | Throttled | OutOfTime) or self.failures >= MOST_FAILURES:
            self.closed = problem


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A call, what it may cost, and what is reserved for it."""

    question: _Waiting
    line: _Line
    call: Call
    most: Decimal
    hold: Hold


class Asker:
    """Asks for one job. For the job's own thread, which does all work with the database: only calls are in others.

    `day` is the job's day of creation in UTC, so that an attempt after a crash, or after midnight, finds what was
    answered before. `max_cost` is what the job may cost in US dollars over all its attempts.
    """

    def __init__(self, tenant_id: int, job_id: UUID, day: date, max_cost: Decimal | None = None) -> None:
        self._tenant_id = tenant_id
        self._job_id = job_id
        self._day = day
        self._max_cost = max_cost
        # What the job took in all its attempts.
        self.used = accounting.used_by(tenant_id, job_id)
        # Whether this run was given an answer that was not stored before.
        self.was_answered = False
        self._reserved = Decimal(0)

    def ask(self, assistant: AnyAssistant, prompt: Prompt) -> Answer:
        """The answer to one question. Raises OutboundError, of which BudgetExceeded is one."""
        [asked] = self.ask_all([(assistant, prompt)])
        if asked.answer is None:
            raise cast("OutboundError", asked.problem)
        return asked.answer

    def ask_all(self, questions: Iterable[Question], at_once: int = AT_ONCE) -> Iterator[Asked]:
        """Each question's answer or problem, as they come; at most `at_once` calls to one assistant are under way.

        Where an assistant has shown that its next questions would fail as well, they have its problem without being
        asked. Whoever stops before the end gives up what is under way: what that may cost stays reserved for a while.
        """
        lines: dict[AnyConnector, _Line] = {}
        for index, (assistant, prompt) in enumerate(questions):
            if isinstance(assistant, Connector):
                lines.setdefault(assistant, _Line()).waiting.append(_Waiting(index, assistant, prompt))
            else:
                yield _asked_here(index, assistant, prompt)
        if lines:
            yield from self._ask_providers(list(lines.values()), at_once)

    def _ask_providers(self, lines: Sequence[_Line], at_once: int) -> Iterator[Asked]:
        executor = ThreadPoolExecutor(at_once * len(lines), thread_name_prefix="assistant")
        under_way: dict[Future[Reply], _UnderWay] = {}
        try:
            while True:
                for line in lines:
                    yield from self._start(line, at_once, executor, under_way)
                if not under_way:
                    return
                for done in wait(under_way, return_when=FIRST_COMPLETED).done:
                    yield self._finish(under_way.pop(done), done)
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _start(
        self, line: _Line, at_once: int, executor: ThreadPoolExecutor, under_way: dict[Future[Reply], _UnderWay]
    ) -> Iterator[Asked]:
        """Send what may be sent now; yields those questions that need no call, or may not have one."""
        while line.waiting and line.under_way < at_once:
            question = line.waiting[0]
            call = self._call_of(question)
            if answer := answers.find(self._tenant_id, self._day, call.digest):
                yield question.answered(answer)
            elif line.closed:
                yield question.failed(line.closed)
            elif isinstance(held := self._reserve(question), Hold):
                line.under_way += 1
                sent = executor.submit(question.assistant.ask, question.prompt)
                under_way[sent] = _UnderWay(question, line, call, question.most, held)
            elif under_way:
                # What they leave of what is reserved for them may be enough.
                return
            else:
                yield question.failed(held)
            line.waiting.popleft()

    def _call_of(self, question: _Waiting) -> Call:
        assistant = question.assistant
        digest = answers.digest_of(assistant, question.prompt)
        return Call(self._tenant_id, self._job_id, self._day, assistant.name, assistant.model, digest)

    def _reserve(self, question: _Waiting) -> Hold | BudgetExceeded:
        most = question.most
        if self._max_cost is not None and most and self.used.cost + self._reserved + most > self._max_cost:
            return BudgetExceeded(f"The job would cost more than its max_cost of {self._max_cost} US dollars.")
        hold = accounting.reserve(self._tenant_id, most)
        if hold is None:
            return BudgetExceeded(
                "The assistants would cost more than the tenant's monthly budget. Raise it with "
                "PUT /api/assistant-budget, or wait for the next month."
            )
        self._reserved += most
        return hold

    def _finish(self, ended: _UnderWay, done: Future[Reply]) -> Asked:
        ended.line.under_way -= 1
        self._reserved -= ended.most
        try:
            reply = done.result()
        except OutboundError as problem:
            accounting.release(self._tenant_id, ended.hold)
            ended.line.note(problem)
            return ended.question.failed(problem)
        return self._settle(ended, reply)

    def _settle(self, ended: _UnderWay, reply: Reply) -> Asked:
        usage = _usage_of(ended.question, reply)
        accounting.settle(ended.call, ended.hold, reply, usage)
        self.used = Usage(
            self.used.input_tokens + usage.input_tokens,
            self.used.output_tokens + usage.output_tokens,
            self.used.cost + usage.cost,
        )
        ended.line.note(reply.problem)
        if reply.problem:
            return ended.question.failed(reply.problem, usage)
        self.was_answered = True
        return ended.question.answered(Answer(reply.text, reply.citations, usage, reply.model))


def later_run(late: Sequence[Throttled | OutOfTime], was_answered: bool) -> RunPostponed | TransientFailure:
    """How the job goes on with questions that are to be asked later. It waits in PostgreSQL in either case.

    A run costs no attempt if it was given an answer, or was kept from asking by the service's own limit alone: so a
    job lasts as long as its limits want, and a provider that only ever refuses keeps no job for ever.
    """
    seconds = max(each.retry_after or 0.0 for each in late)
    if was_answered or all(isinstance(each, NotYet) for each in late):
        return RunPostponed(seconds)
    return TransientFailure(late[0].code, late[0].message, seconds or None)


def _asked_here(index: int, assistant: Assistant, prompt: Prompt) -> Asked:
    """The service's own assistant: it costs nothing, and what it answers changes with the catalogue."""
    try:
        return Asked(index, assistant, prompt, assistant.ask(prompt))
    except OutboundError as problem:
        return Asked(index, assistant, prompt, problem=problem)


def _usage_of(question: _Waiting, reply: Reply) -> Usage:
    """As the provider counts; where it does not, as estimated of the texts, so that a budget holds all the same."""
    taken = question.said_tokens if reply.input_tokens is None else reply.input_tokens
    given = _tokens_of(reply.text) if reply.output_tokens is None else reply.output_tokens
    return Usage(taken, given, question.assistant.cost(taken, given))
