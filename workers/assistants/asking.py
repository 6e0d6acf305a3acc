"""Asking assistants for a job: from the cache, else within their limits and what the job and its tenant may spend."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.timezone import now

from aijobs import identifiers
from aijobs.errors import RunPostponed, TransientFailure
from aijobs.outbound.failures import (
    CredentialsRefused,
    NotYet,
    OutboundError,
    OutOfTime,
    Throttled,
    Transient,
)
from workers.assistants import accounting, answers
from workers.assistants.accounting import BudgetExceeded, Hold
from workers.assistants.answers import Call
from workers.assistants.connectors import AnyConnector
from workers.assistants.protocols import Answer, Assistant, Connector, Prompt, Reply, Usage

AnyAssistant = AnyConnector | Assistant
Question = tuple[AnyAssistant, Prompt]

# Calls to one assistant that are under way at the same time.
AT_ONCE = 8
# What an assistant may fail in a row before the rest of its questions are given up: with a time-out each, a server
# that is away would else keep the worker for hours.
MOST_FAILURES = 3
# The longest pause that a job waits for: what an assistant keeps back for longer, the others' answers do without.
LONGEST_PAUSE = timedelta(hours=1)
# How long after its creation a job waits at all. Its answers are kept for a day longer (`pruning.ANSWERS_KEPT`).
LONGEST_WAIT = timedelta(days=6)
# For how long calls under way are waited for, once nothing more is asked: they are paid for.
LAST_ANSWERS_SECONDS = 200.0
# How long an answer is waited for before whoever asks may think better of it.
MEANWHILE_SECONDS = 1.0

NOTHING = Usage()
Delay = Throttled | OutOfTime


class PauseTooLong(OutboundError):
    """The assistant is to be asked again, but later than a job waits."""


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
        return accounting.tokens_of(f"{self.prompt.instructions}{self.prompt.text}{self.prompt.schema or ''}")


@dataclass(slots=True)
class _Line:
    """The questions that wait for one assistant."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    under_way: int = 0
    failures: int = 0
    # Why the rest is not asked.
    closed: OutboundError | None = None
    # The service's own limit lets nothing through for so long. What is under way is waited for anyway, and a line
    # that may ask again meanwhile does.
    rest: NotYet | None = None

    def may_ask(self, at_once: int) -> bool:
        if self.rest and not self.rest.seconds_left:
            self.rest = None
        return self.rest is None and self.under_way < at_once

    def note(self, problem: OutboundError | None) -> None:
        """What a call has shown of those to come."""
        self.failures = self.failures + 1 if isinstance(problem, Transient) else 0
        is_of_all = isinstance(problem, CredentialsRefused | Delay | PauseTooLong)
        if is_of_all or self.failures >= MOST_FAILURES:
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
    answered before. `max_cost` is what the job may cost in US dollars over all its attempts. `meanwhile` is called
    every second while an answer is waited for; what it raises gives up what is under way.
    """

    def __init__(
        self,
        tenant_id: int,
        job_id: UUID,
        day: date,
        max_cost: Decimal | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._tenant_id = tenant_id
        self._job_id = job_id
        self._day = day
        self._max_cost = max_cost
        self._meanwhile = meanwhile
        # What the job took in all its attempts.
        self.used = accounting.used_by(tenant_id, job_id)
        # Whether this run was given an answer, or a refusal, that was not stored before.
        self.was_answered = False
        self._reserved = Decimal(0)

    def stored(self, questions: Sequence[Question]) -> set[int]:
        """The places of those that need not be asked, because a reply is stored."""
        digests = answers.digests_of(self._tenant_id, self._day)
        return {
            index
            for index, (assistant, prompt) in enumerate(questions)
            if isinstance(assistant, Connector)
            and not digests.isdisjoint(answers.digests(self._call_of(_Waiting(index, assistant, prompt))))
        }

    def ask_all(
        self, questions: Iterable[Question], at_once: int = AT_ONCE, seconds: float | None = None
    ) -> Iterator[Asked]:
        """Each question's answer or problem, as they come; at most `at_once` calls to one assistant are under way.

        Where an assistant has shown that its next questions would fail as well, they have its problem without being
        asked. After `seconds` nothing more is asked, and what is not stored is OutOfTime. Whoever stops before the
        end gives up what is under way: what that may cost stays reserved for a while.
        """
        lines: dict[AnyConnector, _Line] = {}
        for index, (assistant, prompt) in enumerate(questions):
            if isinstance(assistant, Connector):
                lines.setdefault(assistant, _Line()).waiting.append(_Waiting(index, assistant, prompt))
            else:
                yield _asked_here(index, assistant, prompt)
        if lines:
            deadline = None if seconds is None else time.monotonic() + seconds
            yield from self._ask_providers(list(lines.values()), at_once, deadline)

    def _ask_providers(self, lines: Sequence[_Line], at_once: int, deadline: float | None) -> Iterator[Asked]:
        executor = ThreadPoolExecutor(at_once * len(lines), thread_name_prefix="assistant")
        under_way: dict[Future[Reply], _UnderWay] = {}
        try:
            while True:
                if deadline is not None and time.monotonic() > deadline:
                    _close(lines)
                for line in lines:
                    yield from self._start(line, at_once, executor, under_way)
                if not under_way and not _end_rests(lines):
                    return
                left = _seconds_to(deadline, lines)
                moment = MEANWHILE_SECONDS if left is None else min(left, MEANWHILE_SECONDS)
                done = wait(under_way, moment, return_when=FIRST_COMPLETED).done
                if not done:
                    self._meanwhile()
                if under_way and not done and _is_over(deadline):
                    yield from (each.question.failed(_out_of_time()) for each in under_way.values())
                    under_way.clear()
                # All are stored before the caller does anything with the first.
                yield from [asked for each in done if (asked := self._finish(under_way.pop(each), each))]
        finally:
            executor.shutdown(wait=False, cancel_futures=True)

    def _start(
        self, line: _Line, at_once: int, executor: ThreadPoolExecutor, under_way: dict[Future[Reply], _UnderWay]
    ) -> Iterator[Asked]:
        """Send what may be sent now; yields those questions that need no call, or may not have one."""
        while line.waiting and (line.closed or line.may_ask(at_once)):
            question = line.waiting[0]
            call = self._call_of(question)
            stored = answers.find(call)
            if isinstance(stored, Answer):
                yield question.answered(stored)
            elif stored:
                yield question.failed(stored)
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
            return BudgetExceeded()
        self._reserved += most
        return hold

    def _finish(self, ended: _UnderWay, done: Future[Reply]) -> Asked | None:
        """None for what waits in its line again."""
        ended.line.under_way -= 1
        self._reserved -= ended.most
        try:
            reply = done.result()
        except OutboundError as raised:
            accounting.release(self._tenant_id, ended.hold)
            problem = self._bounded(raised) if isinstance(raised, Delay) else raised
            if isinstance(problem, NotYet) and not ended.line.closed:
                ended.line.rest = problem
                ended.line.waiting.appendleft(ended.question)
                return None
            ended.line.note(problem)
            return ended.question.failed(problem)
        return self._settle(ended, reply)

    def _bounded(self, delay: Delay) -> Delay | PauseTooLong:
        """What a job may wait for is waited for, and of what it may not, it says when to come again."""
        pause = timedelta(seconds=delay.retry_after or 0.0)
        again = now() + pause
        if pause > LONGEST_PAUSE:
            told = f"Ask it again after {again:%Y-%m-%d %H:%M} UTC: a job waits for a pause of an hour at most."
        elif again > identifiers.created_at(self._job_id) + LONGEST_WAIT:
            told = f"The job has waited for {LONGEST_WAIT.days} days, and waits no longer. Dispatch another one."
        else:
            return delay
        return PauseTooLong(delay.code, f"{delay.message} {told}")

    def _settle(self, ended: _UnderWay, reply: Reply) -> Asked:
        question = ended.question
        usage = accounting.usage_of(question.assistant, question.said_tokens, reply)
        accounting.settle(ended.call, ended.hold, reply, usage)
        self.used = Usage(
            self.used.input_tokens + usage.input_tokens,
            self.used.output_tokens + usage.output_tokens,
            self.used.cost + usage.cost,
        )
        ended.line.note(reply.problem)
        self.was_answered |= answers.is_kept(reply)
        if reply.problem:
            return question.failed(reply.problem, usage)
        return question.answered(Answer(reply.text, reply.citations, usage, reply.model))


def _close(lines: Iterable[_Line]) -> None:
    """Nothing more is asked."""
    for line in lines:
        line.closed = line.closed or _out_of_time()


def _end_rests(lines: Sequence[_Line]) -> bool:
    """Where nothing is under way, nobody sleeps for a limit here: the job waits for it. False where none does."""
    resting = [line for line in lines if line.waiting and line.rest]
    for line in resting:
        line.closed = line.closed or line.rest
    return bool(resting)


def _seconds_to(deadline: float | None, lines: Iterable[_Line]) -> float | None:
    """Until what is under way is given up, or a line may ask again."""
    rests = [line.rest.seconds_left for line in lines if line.waiting and line.rest and not line.closed]
    ends = [] if deadline is None else [max(0.0, deadline + LAST_ANSWERS_SECONDS - time.monotonic())]
    return min([*rests, *ends], default=None)


def _is_over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline + LAST_ANSWERS_SECONDS


def _out_of_time() -> OutOfTime:
    return OutOfTime(
        "OUT_OF_TIME", "The assistants took too long. Ask fewer questions, or allow more calls a minute."
    )


def later_run(late: Sequence[Delay], was_answered: bool) -> RunPostponed | TransientFailure:
    """How the job goes on with questions that are to be asked later. It waits in PostgreSQL in either case.

    A run costs no attempt if it was given an answer, or was kept from asking by the service's own limit alone: so a
    job lasts as long as its limits want, and a provider that only ever refuses keeps no job for ever.
    """
    seconds = max(each.seconds_left for each in late)
    if was_answered or all(isinstance(each, NotYet) for each in late):
        return RunPostponed(seconds)
    return TransientFailure(late[0].code, late[0].message, seconds or None)


def _asked_here(index: int, assistant: Assistant, prompt: Prompt) -> Asked:
    """The service's own assistant: it costs nothing, and what it answers changes with the catalogue."""
    try:
        return Asked(index, assistant, prompt, assistant.ask(prompt))
    except OutboundError as problem:
        return Asked(index, assistant, prompt, problem=problem)
