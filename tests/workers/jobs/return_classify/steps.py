"""Returns, sales and jobs over them; the classifier is the real one, and told when it is asked."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from aijobs.engine import lifecycle
from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.factories import ProductFactory, ReturnFactory
from tests.workers.catalogue.steps import MARKETPLACE
from workers.catalogue.models import Product, Return, Sale
from workers.returns import classifying
from workers.returns.classifying import Classification, ReturnText
from workers.running import execute

TOO_SMALL = "Way too small, I need the next size up."
DEFECTIVE = "It stopped working after two days."
LAST = date(2026, 3, 12)


class Killed(BaseException):
    """The process ends here: nothing of the service handles it."""


class Watched:
    """The classifier, and how often it saw which comment."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.calls = 0
        self.before_answer: Callable[[int], object] = lambda call: None

    def __call__(self, returns: Sequence[ReturnText]) -> list[Classification]:
        self.calls += 1
        self.seen += [each.comment for each in returns]
        self.before_answer(self.calls)
        return classifying.classify(returns)

    def kill_at(self, call: int) -> None:
        def kill(now_at: int) -> None:
            if now_at == call:
                raise Killed

        self.before_answer = kill


def product(who: Caller, sku: str, marketplace: str = MARKETPLACE, **more: Any) -> Product:
    found = Product.objects.filter(tenant=who.tenant, marketplace=marketplace, sku=sku).first()
    return found or ProductFactory(tenant=who.tenant, marketplace=marketplace, sku=sku, **more)


def give_back(who: Caller, sku: str, *comments: str, marketplace: str = MARKETPLACE, **more: Any) -> list[Return]:
    """A return for each comment, without a code."""
    return give_back_all(who, sku, [{"comment": comment, **more} for comment in comments], marketplace)


def give_back_all(
    who: Caller, sku: str, rows: Iterable[dict[str, Any]], marketplace: str = MARKETPLACE
) -> list[Return]:
    """A return for each row, without a code and on the last day unless it says otherwise."""
    of = product(who, sku, marketplace)
    return Return.objects.bulk_create(
        ReturnFactory.build(**{"product": of, "reason_code": "", "date": LAST, **row}) for row in rows
    )


def sell(who: Caller, sku: str, units: float, days: int = 30, last: date = LAST, every: int = 1) -> None:
    """So many units on each of the last days."""
    of = product(who, sku)
    Sale.objects.bulk_create(
        Sale(
            product=of,
            tenant=who.tenant,
            marketplace=of.marketplace,
            date=last - timedelta(days=day),
            price=of.price,
            units=units,
        )
        for day in range(0, days, every)
    )


def dispatched(who: Caller, *skus: str, **params: object) -> UUID:
    which: dict[str, object] = {"skus": list(skus)} if skus else {"all": True}
    sent = {"marketplace": MARKETPLACE, **which, **params}
    [job_id] = engine.dispatch(who.tenant, type="return_classify", params=sent)
    return job_id


def run(who: Caller, *skus: str, **params: object) -> Job:
    """A job, run at once."""
    job_id = dispatched(who, *skus, **params)
    execute(engine.start(job_id))
    return Job.objects.get(id=job_id)


def next_attempt(job: Job) -> Job:
    """After the worker of the last one was lost."""
    engine.let_lease_expire(job.id)
    assert lifecycle.reclaim_expired() == 1
    execute(engine.start(job.id))
    job.refresh_from_db()
    return job


def result_of(job: Job) -> dict[str, Any]:
    assert job.result is not None, f"{job.status} {job.error_code} {job.error_message}"
    result: dict[str, Any] = job.result
    return result


def counts(job: Job) -> tuple[int, int, int]:
    result = result_of(job)
    return result["processed_count"], result["updated_count"], result["remaining_count"]


def stored() -> list[tuple[object, ...]]:
    """All that a classification leaves on the returns, but for its moment."""
    columns = ("return_id", "reason", "confidence", "classification", "classified_with")
    return [tuple(row) for row in Return.objects.order_by("id").values_list(*columns)]


def still_new() -> int:
    return Return.objects.filter(classified_with="").count()
