"""Proposals that an assistant writes. Whatever it says is checked, and is used only if all of it passes.

An answer that is refused is asked for once more, with the reasons. What is refused again, and what the assistant
cannot answer or the budget does not cover, is left to the rules. Answers are stored as they come: where a run ends
early, for a crash or for the assistant's rate limit, the next one asks only what is missing.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from aijobs.outbound.failures import CredentialsRefused, OutboundError, OutOfTime, Permanent, Throttled
from workers.assistants.accounting import BudgetExceeded
from workers.assistants.asking import AnyAssistant, Asked, Asker, later_run
from workers.assistants.protocols import Prompt
from workers.jobs.listing_optimize.costs import ATTEMPTS
from workers.jobs.listing_optimize.drafting import Draft
from workers.jobs.listing_optimize.prompting import askable, prompt_of, texts_of
from workers.jobs.listing_optimize.shapes import Refusal
from workers.listings.lexicons import LISTED
from workers.listings.optimising import with_proposed
from workers.listings.rulebook import Rules
from workers.listings.shapes import Field, ListingText, Material, Optimisation
from workers.listings.validating import refusals

LONGEST_TEXT = 300


@dataclass(slots=True)
class Written:
    """What a listing is to say, who wrote it, and what was wrong with the assistant's texts."""

    draft: Draft
    # None: what the rules make of it.
    by_assistant: Optimisation | None = None
    fallback: str | None = None
    refusals: list[Refusal] = field(default_factory=list)
    # Why there is no answer of the assistant.
    failure: OutboundError | None = None

    @property
    def optimised(self) -> Optimisation:
        return self.by_assistant or self.draft.by_rules


class Writer:
    """One assistant, asked for one job."""

    def __init__(self, asker: Asker, assistant: AnyAssistant, rules: Rules, names: Collection[Field]) -> None:
        self._asker = asker
        self._assistant = assistant
        self._rules = rules
        self._names = names

    def write(self, drafts: Iterable[Draft]) -> Iterator[Written]:
        """Each draft's texts, as they are decided.

        Raises RunPostponed where the assistant lets no more be asked now, and TransientFailure where it let nothing.
        """
        waiting: list[Written] = []
        for draft in drafts:
            if draft.material.language not in LISTED:
                # Nobody here would see that a "senza" is gone.
                yield Written(draft, fallback="LANGUAGE_NOT_CHECKED")
            elif askable(self._names, draft.material.listing):
                waiting.append(Written(draft))
            else:
                yield Written(draft, fallback="NOTHING_TO_WRITE")
        for attempt in range(1, ATTEMPTS + 1):
            refused: list[Written] = []
            for written, asked in self._asked(waiting):
                if self._is_decided(written, asked, attempt):
                    yield written
                else:
                    refused.append(written)
            waiting = refused
        for written in waiting:
            written.fallback = "REFUSED"
            yield written

    def _asked(self, waiting: Sequence[Written]) -> Iterator[tuple[Written, Asked]]:
        late: list[Throttled | OutOfTime] = []
        questions = [(self._assistant, self._prompt_of(each)) for each in waiting]
        for asked in self._asker.ask_all(questions):
            if isinstance(asked.problem, Throttled | OutOfTime):
                late.append(asked.problem)
            else:
                yield waiting[asked.index], asked
        if late:
            raise later_run(late, self._asker.was_answered)

    def _prompt_of(self, written: Written) -> Prompt:
        draft = written.draft
        return prompt_of(draft.material, draft.by_rules, self._rules, self._names, written.refusals)

    def _is_decided(self, written: Written, asked: Asked, attempt: int) -> bool:
        if asked.answer is None:
            return _has_failed(written, cast("OutboundError", asked.problem), attempt)
        material = written.draft.material
        proposed = texts_of(asked.answer.text, material.listing)
        weighed = with_proposed(material, self._rules, proposed)
        found = list(self._refusals(material, proposed, weighed, attempt))
        written.refusals += found
        if not found:
            written.by_assistant = weighed
        return not found

    def _refusals(
        self, material: Material, proposed: ListingText, weighed: Optimisation, attempt: int
    ) -> Iterator[Refusal]:
        for each in refusals(material, self._rules, proposed):
            text = each.text[:LONGEST_TEXT]
            yield Refusal(attempt=attempt, field=each.field, kind=each.kind, message=each.message, text=text)
        if weighed.after.total < weighed.before.total:
            message = f"The texts score {weighed.after.total:g}, and the current ones {weighed.before.total:g}."
            yield Refusal(attempt=attempt, field=None, kind="lower_score", message=message, text="")


def _has_failed(written: Written, problem: OutboundError, attempt: int) -> bool:
    """False for an answer of the wrong form: it is refused as a wrong text is. Nothing else is asked once more."""
    if isinstance(problem, Permanent) and not isinstance(problem, BudgetExceeded | CredentialsRefused):
        told = Refusal(attempt=attempt, field=None, kind=problem.code, message=problem.message, text="")
        written.refusals.append(told)
        return False
    written.fallback, written.failure = problem.code, problem
    return True
