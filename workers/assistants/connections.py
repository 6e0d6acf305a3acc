"""A tenant's assistants: found, opened, written."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal

from django.db import transaction
from pydantic import ValidationError

from aijobs.errors import ApiError, InvalidParams
from aijobs.outbound.failures import OutboundError, Permanent
from workers.assistants import accounting
from workers.assistants.accounting import BudgetExceeded
from workers.assistants.connectors import CONNECTORS, AnyConnector, open_as
from workers.assistants.models import Connection
from workers.assistants.protocols import Priced, Scope
from workers.connections import credentials as secrets
from workers.connections.checking import problems_of
from workers.connections.storing import write
from workers.connections.trying import TEST_SECONDS, Tested, told_by

# What a test takes of either kind at most, as an estimate: a word, and what a model thinks before it.
TEST_TOKENS = 500


class AssistantNotConfigured(ApiError):
    code, status = "ASSISTANT_NOT_CONFIGURED", 422
    default_message = "The assistant is not configured."
    advice = (
        "`GET /api/assistants` lists the names that jobs can use. Configure this one with "
        "`PUT /api/assistants/{name}`."
    )


class AssistantNotFound(ApiError):
    code, status = "ASSISTANT_NOT_FOUND", 404
    default_message = "No assistant with this name is configured."
    advice = "Check the name: `GET /api/assistants` lists them."


def all_of(tenant_id: int) -> list[Connection]:
    """The tenant's assistants, by name."""
    return list(Connection.objects.of(tenant_id).order_by("name"))


def find(tenant_id: int, name: str) -> Connection | None:
    return Connection.objects.of(tenant_id).filter(name=name).first()


def get(tenant_id: int, name: str) -> Connection:
    """Raises AssistantNotFound."""
    found = find(tenant_id, name)
    if found is None:
        raise AssistantNotFound()
    return found


def admit(names: Sequence[str], tenant_id: int, *others: str) -> None:
    """Whether a job may ask these. `others`: those that it may ask besides, which need no configuration.

    Raises AssistantNotConfigured, which names all that are missing, and all that there are.
    """
    there = [*(each.name for each in all_of(tenant_id)), *others]
    if missing := [name for name in names if name not in there]:
        are_not = "The assistant {} is not" if len(missing) == 1 else "The assistants {} are not"
        raise AssistantNotConfigured(
            f"{are_not.format(', '.join(missing))} configured. You have these assistants: "
            f"{', '.join(there) or 'none'}. Configure others with PUT /api/assistants/{{name}}.",
            {"missing": missing, "configured": there},
        )


def cost_of(connection: Connection, input_tokens: int, output_tokens: int) -> Decimal:
    """What a call would cost in US dollars, by what is stored: the connection is not opened for that."""
    kind = CONNECTORS.get(connection.connector)
    settings = kind and kind.settings_model.model_validate(connection.settings)
    return settings.cost(input_tokens, output_tokens) if isinstance(settings, Priced) else Decimal(0)


def open_assistant(tenant_id: int, name: str) -> AnyConnector:
    """The tenant's assistant with this name, ready to be asked.

    What is opened is what is stored now: a connection that is changed or removed meanwhile is asked as it was until
    the run ends, and not by the next one. Raises Permanent ASSISTANT_NOT_CONFIGURED for one that was removed since
    the job was accepted, and what `open_connector` does.
    """
    connection = find(tenant_id, name)
    if connection is None:
        raise Permanent(
            "ASSISTANT_NOT_CONFIGURED",
            f"The assistant {name} is no longer configured. Configure it, and dispatch the job again.",
        )
    return open_connector(connection)


def open_connector(connection: Connection) -> AnyConnector:
    """Ready to be asked. Raises Permanent where what is stored does not fit this release any more."""
    kind = CONNECTORS.get(connection.connector)
    if kind is None:
        raise Permanent(
            "UNKNOWN_CONNECTOR", f"This release of the service does not have the connector {connection.connector!r}."
        )
    scope = Scope(connection.tenant_id, connection.name)
    try:
        return open_as(kind, connection.settings, secrets.unseal(connection), scope)
    except ValidationError:
        raise Permanent(
            "INVALID_CONNECTION", "The stored settings are no longer valid. Save the connection again."
        ) from None


def test(connection: Connection) -> Tested:
    """Ask it the cheapest question. Raises TestRunning while this process tries another connection.

    What that costs is counted in the tenant's month, and its budget may forbid it.
    """
    return told_by(lambda: _found_by(connection))


def _found_by(connection: Connection) -> str:
    """It is paid for as a job's calls are, and stored nowhere."""
    with open_connector(connection) as connector:
        hold = accounting.reserve(connection.tenant_id, connector.cost(TEST_TOKENS, TEST_TOKENS))
        if hold is None:
            raise BudgetExceeded()
        try:
            reply = connector.check(TEST_SECONDS)
        except OutboundError:
            accounting.release(connection.tenant_id, hold)
            raise
        accounting.charge(connector, hold, accounting.usage_of(connector, TEST_TOKENS, reply))
        # How much it says is no matter here: a thinking model may have used a limit of its own up.
        if reply.problem and reply.problem.code != "ANSWER_CUT_OFF":
            raise reply.problem
        return f"{connector.host} answered with {reply.model}."


def check(
    stored: Connection | None,
    connector: str,
    settings: Mapping[str, object],
    credentials: Mapping[str, object] | None,
) -> None:
    """Whether a connection may be written so. Raises InvalidParams."""
    if problems := problems_of(CONNECTORS, stored, connector, settings, credentials):
        raise InvalidParams(details=problems)


def save(
    tenant_id: int,
    name: str,
    connector: str,
    settings: Mapping[str, object],
    credentials: Mapping[str, object] | None,
) -> tuple[Connection, bool]:
    """Create or replace a connection; returns it, and whether it is new.

    Without credentials those of before stay, if the connector is the same. Raises InvalidParams.
    """
    with locked(tenant_id, name) as stored:
        check(stored, connector, settings, credentials)
        row = stored or Connection(tenant_id=tenant_id, name=name)
        if write(row, stored, connector, settings, credentials):
            return row, stored is None
    # Somebody else has made it meanwhile: what was sent last counts, if it still fits.
    return save(tenant_id, name, connector, settings, credentials)


@contextmanager
def locked(tenant_id: int, name: str) -> Iterator[Connection | None]:
    """A transaction in which nobody else changes this connection, if there is one."""
    with transaction.atomic():
        yield Connection.objects.of(tenant_id).select_for_update().filter(name=name).first()


def delete(tenant_id: int, name: str) -> None:
    """Its answers and what it has cost stay. Raises AssistantNotFound."""
    deleted, _ = Connection.objects.of(tenant_id).filter(name=name).delete()
    if not deleted:
        raise AssistantNotFound()
