"""What calls cost: reserved before each, settled after it, so that a budget holds however many ask at once.

A tenant's month is one row, its Account. Before a call, one statement adds what it may cost at most to `reserved`,
only if that, what is reserved and what is spent stay within the tenant's limit: two jobs that ask at the same moment
wait for the row, and the second sees what the first has reserved. After the call, one statement takes the reservation
away, adds what the call has cost to the account and to the assistant's month, and stores the reply. A crash between
the two leaves a reservation, which stands in the way of at most so much until it expires; whoever is refused takes
the expired ones away first. Towards the end of a budget, calls under way count with what they may cost, so a call can
be refused although it would have fitted; and one call that costs more than its estimate can pass the limit by that.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.timezone import now
from psycopg.types.json import Jsonb

from aijobs import sql
from aijobs.outbound.failures import Permanent
from workers.assistants import answers
from workers.assistants.answers import Call
from workers.assistants.connectors import AnyConnector
from workers.assistants.models import Account, Budget
from workers.assistants.protocols import Reply, Usage

# Longer than any call takes with its retries: three of five minutes, and the pauses between them.
EXPIRES_AFTER = timedelta(minutes=20)
# Each token is a few bytes of text in any language, and this is less than most: an estimate that is rather too high.
BYTES_PER_TOKEN = 3


OF_THE_MONTH = (
    "The assistants would cost more than the tenant's monthly budget. Raise it with PUT /api/assistant-budget, or "
    "wait for the next month."
)


class BudgetExceeded(Permanent):
    """The job or the tenant's month may not cost more."""

    def __init__(self, message: str = OF_THE_MONTH) -> None:
        super().__init__("BUDGET_EXCEEDED", message)


@dataclass(frozen=True, slots=True)
class Hold:
    """A reservation: what the call may cost at most, and the month that pays."""

    id: int
    month: date


@dataclass(frozen=True, slots=True)
class _Row:
    id: int


def month_of(moment: datetime) -> date:
    """The first day of its month in UTC."""
    return moment.astimezone(UTC).date().replace(day=1)


# Where the account is there already, PostgreSQL locks its row and looks at the condition then: two that reserve at
# once cannot both take what is left.
RESERVE = """
WITH asked AS (
    SELECT %(tenant)s::bigint AS tenant_id, %(month)s::date AS month, %(amount)s::numeric AS amount,
        (SELECT monthly_limit FROM assistants_budget WHERE tenant_id = %(tenant)s::bigint) AS most
), held AS (
    INSERT INTO assistants_account AS account (tenant_id, month, spent, reserved)
    SELECT tenant_id, month, 0, amount FROM asked WHERE most IS NULL OR amount = 0 OR amount <= most
    ON CONFLICT (tenant_id, month) DO UPDATE SET reserved = account.reserved + excluded.reserved
    WHERE (
        SELECT most IS NULL OR amount = 0 OR account.spent + account.reserved + amount <= most FROM asked
    )
    RETURNING tenant_id
)
INSERT INTO assistants_reservation (tenant_id, month, amount, expires_at)
SELECT tenant_id, asked.month, asked.amount, %(expires)s::timestamptz FROM held JOIN asked USING (tenant_id)
RETURNING id
"""

EXPIRE = """
WITH gone AS (
    DELETE FROM assistants_reservation
    WHERE tenant_id = %(tenant)s::bigint AND month = %(month)s::date AND expires_at < %(now)s::timestamptz
    RETURNING amount
)
UPDATE assistants_account SET reserved = reserved - (SELECT sum(amount) FROM gone)
WHERE tenant_id = %(tenant)s::bigint AND month = %(month)s::date AND EXISTS (SELECT FROM gone)
RETURNING tenant_id
"""


def reserve(tenant_id: int, amount: Decimal) -> Hold | None:
    """Hold so much of the month's budget; None where it has not so much left."""
    month = month_of(now())
    hold = _reserve(tenant_id, month, amount)
    if hold is None and sql.execute(EXPIRE, {"tenant": tenant_id, "month": month, "now": now()}):
        hold = _reserve(tenant_id, month, amount)
    return hold


def _reserve(tenant_id: int, month: date, amount: Decimal) -> Hold | None:
    wanted = {"tenant": tenant_id, "month": month, "amount": amount, "expires": now() + EXPIRES_AFTER}
    found = sql.rows(_Row, RESERVE, wanted)
    return Hold(found[0].id, month) if found else None


# A reservation that has expired meanwhile is no longer in the account either.
RELEASE = """
WITH gone AS (DELETE FROM assistants_reservation WHERE id = %(hold)s::bigint RETURNING amount)
UPDATE assistants_account SET reserved = reserved - (SELECT amount FROM gone)
WHERE tenant_id = %(tenant)s::bigint AND month = %(month)s::date AND EXISTS (SELECT FROM gone)
RETURNING tenant_id
"""


def release(tenant_id: int, hold: Hold) -> None:
    """The call has cost nothing, as far as anybody can tell."""
    sql.execute(RELEASE, {"tenant": tenant_id, "month": hold.month, "hold": hold.id})


_GONE = "gone AS (DELETE FROM assistants_reservation WHERE id = %(hold)s::bigint RETURNING amount)"
_STORED = """
answered AS (
    INSERT INTO assistants_storedanswer AS answer (
        tenant_id, job_id, day, digest, problem, text, citations, model, input_tokens, output_tokens, cost, created_at
    )
    VALUES (
        %(tenant)s::bigint, %(job)s::uuid, %(day)s::date, %(digest)s::bytea, %(problem)s::text, %(text)s::text,
        %(citations)s::jsonb, %(answered_by)s::text, %(input)s::bigint, %(output)s::bigint, %(cost)s::numeric,
        %(now)s::timestamptz
    )
    -- Another attempt has asked the same at the same moment: both are paid for, one is kept.
    ON CONFLICT (tenant_id, day, digest) DO UPDATE SET
        input_tokens = answer.input_tokens + excluded.input_tokens,
        output_tokens = answer.output_tokens + excluded.output_tokens,
        cost = answer.cost + excluded.cost
    WHERE answer.job_id = excluded.job_id
    RETURNING answer.id
), beside AS (
    -- Another job has: its reply is kept, and of this one what it has cost this job.
    INSERT INTO assistants_storedanswer (
        tenant_id, job_id, day, text, citations, model, input_tokens, output_tokens, cost, created_at
    )
    SELECT
        %(tenant)s::bigint, %(job)s::uuid, %(day)s::date, '', '[]'::jsonb, %(answered_by)s::text, %(input)s::bigint,
        %(output)s::bigint, %(cost)s::numeric, %(now)s::timestamptz
    WHERE NOT EXISTS (SELECT FROM answered)
)
"""
_PAID = """
used AS (
    INSERT INTO assistants_monthlyusage AS usage (
        tenant_id, month, assistant, model, calls, input_tokens, output_tokens, cost, updated_at
    )
    VALUES (
        %(tenant)s::bigint, %(month)s::date, %(assistant)s::text, %(model)s::text, 1, %(input)s::bigint,
        %(output)s::bigint, %(cost)s::numeric, %(now)s::timestamptz
    )
    ON CONFLICT (tenant_id, month, assistant, model) DO UPDATE SET
        calls = usage.calls + 1,
        input_tokens = usage.input_tokens + excluded.input_tokens,
        output_tokens = usage.output_tokens + excluded.output_tokens,
        cost = usage.cost + excluded.cost,
        updated_at = excluded.updated_at
)
UPDATE assistants_account SET
    spent = spent + %(cost)s::numeric, reserved = reserved - COALESCE((SELECT amount FROM gone), 0)
WHERE tenant_id = %(tenant)s::bigint AND month = %(month)s::date
RETURNING tenant_id
"""
SETTLE = f"WITH {_GONE}, {_STORED}, {_PAID}"
CHARGE = f"WITH {_GONE}, {_PAID}"


def settle(call: Call, hold: Hold, reply: Reply, usage: Usage) -> None:
    """What the call has cost instead of what was reserved; and its reply, for whoever asks the same that day."""
    sql.execute(
        SETTLE,
        {
            **_paid(call.tenant_id, call.assistant, call.model, hold, usage),
            "job": call.job_id,
            "day": call.day,
            "digest": answers.kept_as(call, reply),
            "problem": reply.problem.code if reply.problem else "",
            "text": reply.problem.message if reply.problem else reply.text,
            "citations": Jsonb(answers.stored_citations(reply.citations)),
            "answered_by": reply.model,
        },
    )


def charge(assistant: AnyConnector, hold: Hold, usage: Usage) -> None:
    """What a call has cost that belongs to no job, instead of what was reserved."""
    scope = assistant.scope
    sql.execute(CHARGE, _paid(scope.tenant_id, scope.name, assistant.model, hold, usage))


def _paid(tenant_id: int, assistant: str, model: str, hold: Hold, usage: Usage) -> dict[str, object]:
    return {
        "tenant": tenant_id,
        "assistant": assistant,
        "model": model,
        "hold": hold.id,
        "month": hold.month,
        "input": usage.input_tokens,
        "output": usage.output_tokens,
        "cost": usage.cost,
        "now": now(),
    }


def usage_of(assistant: AnyConnector, said_tokens: int, reply: Reply) -> Usage:
    """As the provider counts; where it does not, as estimated of the texts, so that a budget holds all the same."""
    taken = said_tokens if reply.input_tokens is None else reply.input_tokens
    given = tokens_of(reply.text) if reply.output_tokens is None else reply.output_tokens
    return Usage(taken, given, assistant.cost(taken, given))


def tokens_of(text: str) -> int:
    """An estimate."""
    return tokens_in(len(text.encode()))


def tokens_in(size: int) -> int:
    """The same of a text of so many bytes."""
    return -(-size // BYTES_PER_TOKEN)


USED_BY_JOB = """
SELECT
    COALESCE(sum(input_tokens), 0)::bigint AS input_tokens,
    COALESCE(sum(output_tokens), 0)::bigint AS output_tokens,
    COALESCE(sum(cost), 0) AS cost
FROM assistants_storedanswer WHERE tenant_id = %(tenant)s::bigint AND job_id = %(job)s::uuid
"""


def used_by(tenant_id: int, job_id: UUID) -> Usage:
    """What the job took in all its attempts."""
    return sql.rows(Usage, USED_BY_JOB, {"tenant": tenant_id, "job": job_id})[0]


def limit_of(tenant_id: int) -> Decimal | None:
    """What the tenant's calls of a month may cost; None for no limit."""
    return Budget.objects.filter(tenant=tenant_id).values_list("monthly_limit", flat=True).first()


def spent_this_month(tenant_id: int) -> Decimal:
    """What the tenant's calls have cost since the first of the month in UTC."""
    accounts = Account.objects.filter(tenant=tenant_id, month=month_of(now()))
    found = accounts.values_list("spent", flat=True).first()
    return found if found is not None else Decimal(0)
