"""A tenant's connections: found, opened, written. Every marketplace that has products is one, of the catalogue."""

import threading
from collections.abc import Mapping
from typing import TypedDict, cast

from django.db import IntegrityError, transaction
from django.db import connection as database
from django.utils.timezone import now
from pydantic import ValidationError

from aijobs.errors import ApiError, FieldError, InvalidParams
from aijobs.outbound.failures import OutboundError, Permanent
from aijobs.outbound.pace import Pace
from aijobs.registry import field_errors
from workers.catalogue.models import Product
from workers.changes.models import EXPIRES_AFTER, Change, ChangeQuerySet, ChangeStatus
from workers.marketplaces import credentials as secrets
from workers.marketplaces.catalogue.connector import Catalogue
from workers.marketplaces.catalogue.settings import CatalogueSettings
from workers.marketplaces.connectors import CATALOGUE, CONNECTORS, WEB, ConnectorType
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import ConnectionModel, Connector, NoCredentials, OfferSource, PriceDesk, Scope

AnyConnector = Connector[ConnectionModel, ConnectionModel]
# Somebody waits for the answer, and so does one of the API's threads.
TEST_SECONDS = 10.0
# Names in the message of an error.
SHOWN_NAMES = 50


class MarketplaceNotConfigured(ApiError):
    code, status = "MARKETPLACE_NOT_CONFIGURED", 422
    default_message = "The marketplace is not configured."


class MarketplaceNotFound(ApiError):
    code, status = "MARKETPLACE_NOT_FOUND", 404
    default_message = "The marketplace is not configured, and no product is sold on it."


class ChangesInProgress(ApiError):
    code, status = "CHANGES_IN_PROGRESS", 409
    default_message = "Changes are on their way to this marketplace. Try again when they have settled."


class TestRunning(ApiError):
    code, status = "TEST_RUNNING", 429
    default_message = "Another connection is being tested. Try again in a moment."


def find(tenant_id: int, name: str) -> Connection | None:
    """The tenant's connection; for a marketplace that only has products an unsaved one, of the catalogue."""
    found = Connection.objects.of(tenant_id).filter(name=name).first()
    if found is None and Product.objects.of(tenant_id).filter(marketplace=name).exists():
        return Connection(tenant_id=tenant_id, name=name, connector=CATALOGUE)
    return found


def get(tenant_id: int, name: str) -> Connection:
    """As `find`. Raises MarketplaceNotFound."""
    found = find(tenant_id, name)
    if found is None:
        raise MarketplaceNotFound()
    return found


# The distinct marketplaces of a million products, by jumps through the index (the wiki's "loose index scan").
PRODUCT_MARKETPLACES = """
WITH RECURSIVE each AS (
    (SELECT marketplace FROM catalogue_product WHERE tenant_id = %(tenant)s ORDER BY marketplace LIMIT 1)
    UNION ALL
    SELECT (SELECT marketplace FROM catalogue_product
            WHERE tenant_id = %(tenant)s AND marketplace > each.marketplace ORDER BY marketplace LIMIT 1)
    FROM each WHERE each.marketplace IS NOT NULL
)
SELECT marketplace FROM each WHERE marketplace IS NOT NULL
"""


def all_of(tenant_id: int) -> list[Connection]:
    """The tenant's connections, and the marketplaces that only have products, by name."""
    found = {each.name: each for each in Connection.objects.of(tenant_id)}
    with database.cursor() as cursor:
        cursor.execute(PRODUCT_MARKETPLACES, {"tenant": tenant_id})
        for (name,) in cursor.fetchall():
            found.setdefault(name, Connection(tenant_id=tenant_id, name=name, connector=CATALOGUE))
    return [found[name] for name in sorted(found)]


def admit(name: str, tenant_id: int) -> None:
    """Raises MarketplaceNotConfigured, which lists those that are."""
    if find(tenant_id, name) is None:
        names = [each.name for each in all_of(tenant_id)]
        shown = ", ".join(names[:SHOWN_NAMES]) or "none"
        raise MarketplaceNotConfigured(
            f"The marketplace {name} is not configured. Configure it with PUT /api/marketplaces/{name}, or import "
            f"its products. You have these marketplaces: {shown}.",
            {"configured": names},
        )


def writes_prices(connection: Connection) -> bool:
    """Whether its prices are written to a marketplace; else the catalogue's price is the price."""
    kind = CONNECTORS.get(connection.connector)
    return kind is not None and PriceDesk in kind.protocols


class Tested(TypedDict):
    ok: bool
    code: str | None
    message: str


# A process of the API has a few threads for all tenants, and a server that never answers keeps one for ten seconds.
_one_test = threading.BoundedSemaphore(1)


def test(connection: Connection) -> Tested:
    """Try it with its cheapest call. Raises TestRunning while this process tries another one."""
    if not _one_test.acquire(blocking=False):
        raise TestRunning(retry_after=int(TEST_SECONDS))
    try:
        with open_connector(connection, Pace(TEST_SECONDS)) as connector:
            return {"ok": True, "code": None, "message": connector.check()}
    except OutboundError as error:
        return {"ok": False, "code": error.code, "message": error.message}
    finally:
        _one_test.release()


def open_connector(connection: Connection, pace: Pace) -> AnyConnector:
    """Ready to be called. Raises Permanent where what is stored does not fit this release any more."""
    kind = CONNECTORS.get(connection.connector)
    if kind is None:
        raise Permanent(
            "UNKNOWN_CONNECTOR", f"This release of the service does not have the connector {connection.connector!r}."
        )
    opened = {} if kind.credentials_model is NoCredentials else secrets.unseal(connection)
    try:
        return kind.open(connection.settings, opened, pace, _scope(connection))
    except ValidationError:
        raise Permanent(
            "INVALID_CONNECTION", "The stored settings are no longer valid. Save the connection again."
        ) from None


def open_stored(connection: Connection, pace: Pace) -> Catalogue:
    """What the catalogue knows of this marketplace, whatever its connector is."""
    stored = connection.settings if connection.connector == CATALOGUE else {}
    settings = CatalogueSettings.model_validate(stored)
    return Catalogue(settings, NoCredentials(), pace, _scope(connection))


def open_pages(connection: Connection, pace: Pace) -> AnyConnector:
    """Competitors' pages of this marketplace's products, whatever its connector is."""
    return CONNECTORS[WEB].open({}, {}, pace, _scope(connection))


def _scope(connection: Connection) -> Scope:
    return Scope(connection.tenant_id, connection.name)


def offer_source(connector: AnyConnector) -> OfferSource:
    """The connector, to fetch offers with. Raises Permanent where it has none."""
    if not isinstance(connector, OfferSource):
        raise Permanent("NO_OFFERS", "The marketplace's connector cannot fetch offers.")
    return connector


def check(
    stored: Connection | None,
    connector: str,
    settings: Mapping[str, object],
    credentials: Mapping[str, object] | None,
) -> None:
    """Whether a connection may be written so. Raises InvalidParams, ChangesInProgress."""
    kind = CONNECTORS.get(connector)
    if kind is None:
        known = ", ".join(sorted(CONNECTORS))
        raise InvalidParams(details=[{"path": "connector", "message": f"must be one of {known}"}])
    problems = _problems(kind.settings_model, settings, "settings")
    if not _keeps_credentials(stored, connector, credentials):
        problems += _problems(kind.credentials_model, credentials or {}, "credentials")
    elif stored:
        problems += _sent_elsewhere(kind, stored.settings, settings)
    if problems:
        raise InvalidParams(details=problems)
    if stored and _leads_elsewhere(stored, connector, settings):
        _refuse_open_changes(stored)


def _sent_elsewhere(
    kind: ConnectorType[ConnectionModel, ConnectionModel], before: Mapping[str, object], after: Mapping[str, object]
) -> list[FieldError]:
    """Whoever may write a connection could else have its credentials sent to a server of their own."""
    moved = [name for name in sorted(kind.destinations) if before.get(name) != after.get(name)]
    message = f"must be sent again, because a different {' and '.join(moved)} would send them elsewhere"
    return [{"path": "credentials", "message": message}] if moved else []


def _leads_elsewhere(stored: Connection, connector: str, settings: Mapping[str, object]) -> bool:
    """Whether changes that are on their way might end up in another shop than they were decided for."""
    return (stored.connector, stored.settings) != (connector, settings)


def _keeps_credentials(stored: Connection | None, connector: str, credentials: Mapping[str, object] | None) -> bool:
    return stored is not None and stored.connector == connector and credentials is None


def save(
    tenant_id: int,
    name: str,
    connector: str,
    settings: Mapping[str, object],
    credentials: Mapping[str, object] | None,
) -> tuple[Connection, bool]:
    """Create or replace a connection; returns it, and whether it is new.

    Without credentials those of before stay, if the connector is the same. Raises InvalidParams, ChangesInProgress.
    """
    stored = Connection.objects.of(tenant_id).filter(name=name).first()
    check(stored, connector, settings, credentials)
    if stored and _leads_elsewhere(stored, connector, settings):
        _give_up_unread(stored)
    row = stored or Connection(tenant_id=tenant_id, name=name)
    read = row.sealed_credentials
    if not _keeps_credentials(stored, connector, credentials):
        row.sealed_credentials = secrets.seal(row, cast("Mapping[str, str]", credentials or {}))
    row.connector, row.settings, row.updated_at = connector, dict(settings), now()
    if _insert(row) if stored is None else _update(row, read):
        return row, stored is None
    # Somebody else has written it meanwhile: what was sent last counts, if it still fits.
    return save(tenant_id, name, connector, settings, credentials)


def _insert(row: Connection) -> bool:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _update(row: Connection, sealed_credentials: str) -> bool:
    """Only where the credentials are those that were read: others must not come to settings checked without them."""
    values = {name: getattr(row, name) for name in ("connector", "settings", "sealed_credentials", "updated_at")}
    return Connection.objects.filter(pk=row.pk, sealed_credentials=sealed_credentials).update(**values) == 1


def _problems(model: type[ConnectionModel], values: Mapping[str, object], prefix: str) -> list[FieldError]:
    try:
        model.model_validate(values)
    except ValidationError as error:
        return field_errors(error, prefix)
    return []


def delete(tenant_id: int, name: str) -> None:
    """Raises MarketplaceNotFound, and ChangesInProgress while a change is on its way."""
    with transaction.atomic():
        found = Connection.objects.of(tenant_id).select_for_update().filter(name=name).first()
        if found is None:
            raise MarketplaceNotFound("No connection with this name is configured.")
        _refuse_open_changes(found)
        _give_up_unread(found)
        found.delete()


def _open_changes(connection: Connection) -> ChangeQuerySet:
    return Change.objects.open_at(connection.tenant_id, connection.name)


def _give_up_unread(connection: Connection) -> None:
    """Close what could not be read back for an hour: with another connection, or none, nobody will."""
    _open_changes(connection).update(
        status=ChangeStatus.REJECTED,
        detail="The connection was changed or removed before this could be read back.",
    )


def _refuse_open_changes(connection: Connection) -> None:
    if _open_changes(connection).filter(created_at__gt=now() - EXPIRES_AFTER).exists():
        raise ChangesInProgress()
