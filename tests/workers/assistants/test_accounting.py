"""The accounts: however many reserve and settle at once, no budget is passed and no cent is lost."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.utils.timezone import now

from tests.clients import Caller
from workers.assistants import accounting
from workers.assistants.accounting import Hold
from workers.assistants.answers import Call
from workers.assistants.models import Account, Budget, MonthlyUsage, Reservation, StoredAnswer
from workers.assistants.protocols import Reply, Usage

pytestmark = pytest.mark.django_db


def spend(who: Caller, cost: str, reserved: str | None = None, assistant: str = "openai") -> bool:
    """A call of ten tokens each way that costs so much. False where the budget forbids it."""
    hold = accounting.reserve(who.tenant.pk, Decimal(reserved or cost))
    if hold is not None:
        call = Call(who.tenant.pk, uuid4(), now().date(), assistant, "gpt-5-mini", uuid4().bytes * 2)
        accounting.settle(call, hold, Reply("OK"), Usage(10, 10, Decimal(cost)))
    return hold is not None


def test_a_call_that_costs_less_than_was_reserved_leaves_the_rest(owner: Caller) -> None:
    Budget.objects.create(tenant=owner.tenant, monthly_limit=Decimal(1))
    assert [spend(owner, "0.3", reserved="0.5") for _ in range(3)] == [True, True, False]
    account = Account.objects.get()
    assert (account.spent, account.reserved) == (Decimal("0.6"), Decimal(0))


def test_a_call_that_costs_more_is_counted_whole(owner: Caller) -> None:
    Budget.objects.create(tenant=owner.tenant, monthly_limit=Decimal(1))
    assert [spend(owner, "1.5", reserved="0.5"), spend(owner, "0.1")] == [True, False]
    assert Account.objects.get().spent == Decimal("1.5")


def test_the_first_call_of_a_month_keeps_to_the_budget_too(owner: Caller) -> None:
    Budget.objects.create(tenant=owner.tenant, monthly_limit=Decimal(1))
    assert not spend(owner, "1.01")
    assert not Account.objects.exists()


def test_a_lower_limit_holds_at_once_and_none_lifts_it(owner: Caller) -> None:
    assert spend(owner, "5")
    budget = Budget.objects.create(tenant=owner.tenant, monthly_limit=Decimal(4))
    assert not spend(owner, "0.01")
    budget.monthly_limit = None
    budget.save()
    assert spend(owner, "0.01")


def test_the_same_reply_of_two_jobs_is_kept_once_and_paid_for_twice(owner: Caller) -> None:
    jobs = [uuid4(), uuid4()]
    for job_id in (*jobs, jobs[0]):
        hold = accounting.reserve(owner.tenant.pk, Decimal(1))
        assert isinstance(hold, Hold)
        call = Call(owner.tenant.pk, job_id, now().date(), "openai", "gpt-5-mini", b"d" * 32)
        accounting.settle(call, hold, Reply("OK"), Usage(10, 10, Decimal(1)))
    assert MonthlyUsage.objects.get().cost == Account.objects.get().spent == 3
    # An attempt that was taken for lost, and its successor.
    assert accounting.used_by(owner.tenant.pk, jobs[0]) == Usage(20, 20, Decimal(2))
    # The other job has paid too, and its budget counts that in a later attempt.
    assert accounting.used_by(owner.tenant.pk, jobs[1]) == Usage(10, 10, Decimal(1))
    assert StoredAnswer.objects.filter(digest__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_calls_at_the_same_moment_do_not_pass_the_budget(owner: Caller) -> None:
    """Some of them settle, some fail, and some crash: what is spent and reserved is never more than the limit."""
    Budget.objects.create(tenant=owner.tenant, monthly_limit=Decimal(1))
    tenant_id = owner.tenant.pk

    def call(number: int) -> Decimal:
        try:
            hold = accounting.reserve(tenant_id, Decimal("0.07"))
            account = Account.objects.get()
            assert account.spent + account.reserved <= 1
            if hold is None or number % 5 == 0:
                return Decimal(0)
            if number % 5 == 1:
                accounting.release(tenant_id, hold)
                return Decimal(0)
            asked = Call(tenant_id, uuid4(), now().date(), "openai", "gpt-5-mini", uuid4().bytes * 2)
            accounting.settle(asked, hold, Reply("OK"), Usage(10, 10, Decimal("0.05")))
            return Decimal("0.05")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        spent = sum(threads.map(call, range(40)), Decimal(0))
    account = Account.objects.get()
    assert account.spent == spent == MonthlyUsage.objects.get().cost
    assert account.reserved == sum((each.amount for each in Reservation.objects.all()), Decimal(0))
    assert account.spent + account.reserved <= 1
