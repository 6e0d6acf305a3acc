"""A tenant's connections: found, opened, written. Every marketplace that has products is one, of the catalogue."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection as database
from django.db import transaction
from pydantic import ValidationError

from aijobs import sql
from aijobs.errors import ApiError, InvalidParams
from aijobs.outbound.failures import Permanent
from aijobs.outbound.pace import Pace
from workers.catalogue.models import Product
from workers.changes.models import Change, ChangeQuerySet
from workers.connections import credentials as secrets
from workers.connections.checking import problems_of
from workers.connections.shapes import ConnectionModel, NoCredentials
from workers.connections.storing import write
from workers.connections.trying import TEST_SECONDS, Tested, told_by
from workers.marketplaces.catalogue.connector import Catalogue
from workers.marketplaces.catalogue.settings import CatalogueSettings
from workers.marketplaces.connectors import CATALOGUE, CONNECTORS, WEB
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import Connector, OfferSource, PriceDesk, Scope

AnyConnector = Connector[ConnectionModel, ConnectionModel]
# Names in the message of an error.
SHOWN_NAMES = 50


class MarketplaceNotConfigured(ApiError):
    code, status = "MARKETPLACE_NOT_CONFIGURED", 422
    default_message = "The marketplace is not configured."
    advice = (
        "`GET /api/marketplaces` lists the names that jobs can use. Configure this one with "
        "`PUT /api/marketplaces/{name}`, or import products for it."
    )


class MarketplaceNotFound(ApiError):
    code, status = "MARKETPLACE_NOT_FOUND", 404
    default_message = "The marketplace is not configured, and no product is sold on it."
    advice = "Check the name: `GET /api/marketplaces` lists them."


class ChangesInProgress(ApiError):
    code, status = "CHANGES_IN_PROGRESS", 409
    default_message = "Changes are on their way to this marketplace. Try again when they have settled."
    advice = (
        "Wait until `GET /api/catalogue/price-changes` and `GET /api/catalogue/listing-changes` show no `pending` "
        "change of the marketplace."
    )


def find(tenant_id: int, name: str) -> Connection | None:
    """The tenant's connection; for a marketplace that only has products an unsaved one, of the catalogue."""
    return Connection.objects.of(tenant_id).filter(name=name).first() or _of_the_catalogue(tenant_id, name)


def _of_the_catalogue(tenant_id: int, name: str) -> Connection | None:
    if Product.objects.of(tenant_id).filter(marketplace=name).exists():
        return Connection(tenant_id=tenant_id, name=name, connector=CATALOGUE)
    return None


@dataclass(frozen=True, slots=True)
class _Row:
    id: int


# No harder than what is needed to wait for FOR UPDATE, and to be waited for: the settler notes its turn in the row.
HOLD = """
SELECT id FROM marketplaces_connection WHERE tenant_id = %(tenant)s::bigint AND name = %(name)s::text FOR KEY SHARE
"""


def hold(tenant_id: int, name: str) -> Connection | None:
    """As `find`, for a decision: what is found is neither changed nor removed before the transaction ends.

    Whoever changes or removes it locks the row FOR UPDATE, and only then asks for open changes. So they come first,
    and are seen here; or they wait, and see the changes that were decided.
    A connection that is made meanwhile comes after a decision for the catalogue, which leaves no change open.
    """
    held = sql.rows(_Row, HOLD, {"tenant": tenant_id, "name": name})
    # A statement of its own: it sees what the one that was waited for has written.
    return Connection.objects.get(pk=held[0].id) if held else _of_the_catalogue(tenant_id, name)


def leads_elsewhere(connection: Connection, connector: str, settings: Mapping[str, object]) -> bool:
    """Whether it is another shop than that of this connector and settings. Credentials alone make no other shop."""
    return (connection.connector, connection.settings) != (connector, settings)


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


def written_texts(connection: Connection) -> frozenset[str]:
    """The texts of a listing that are written to the marketplace; none where the catalogue's listing is the one."""
    kind = CONNECTORS.get(connection.connector)
    return kind.texts if kind else frozenset()


def test(connection: Connection) -> Tested:
    """Try it with its cheapest call. Raises TestRunning while this process tries another one."""
    return told_by(lambda: _found_by(connection))


def _found_by(connection: Connection) -> str:
    with open_connector(connection, Pace(TEST_SECONDS)) as connector:
        return connector.check()


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
    if problems := problems_of(CONNECTORS, stored, connector, settings, credentials):
        raise InvalidParams(details=problems)
    if stored and leads_elsewhere(stored, connector, settings):
        _refuse_open_changes(stored)


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
    with locked(tenant_id, name) as stored:
        check(stored, connector, settings, credentials)
        if stored and leads_elsewhere(stored, connector, settings):
            _give_up_unread(stored)
        row = stored or Connection(tenant_id=tenant_id, name=name)
        if write(row, stored, connector, settings, credentials):
            return row, stored is None
    # Somebody else has made it meanwhile: what was sent last counts, if it still fits.
    return save(tenant_id, name, connector, settings, credentials)


# What else locks it are decisions, which take a moment; a worker that froze in one lets go within half a minute.
LOCK = """
WITH patience AS MATERIALIZED (SELECT set_config('lock_timeout', '1s', true) AS bound)
SELECT connection.id FROM patience, marketplaces_connection connection
WHERE bound = '1s' AND tenant_id = %(tenant)s::bigint AND name = %(name)s::text
FOR UPDATE OF connection
"""


@contextmanager
def locked(tenant_id: int, name: str) -> Iterator[Connection | None]:
    """A transaction in which nothing is decided for this connection, if there is one. Raises ChangesInProgress."""
    try:
        with transaction.atomic():
            held = sql.rows(_Row, LOCK, {"tenant": tenant_id, "name": name})
            # A statement of its own: it sees what those that were waited for have written.
            yield Connection.objects.get(pk=held[0].id) if held else None
    except sql.LockTimeout:
        raise ChangesInProgress() from None


def delete(tenant_id: int, name: str) -> None:
    """Raises MarketplaceNotFound, and ChangesInProgress while a change is on its way."""
    with locked(tenant_id, name) as found:
        if found is None:
            raise MarketplaceNotFound("No connection with this name is configured.")
        _refuse_open_changes(found)
        _give_up_unread(found)
        found.delete()


def _open_changes(connection: Connection) -> ChangeQuerySet:
    return Change.objects.open_at(connection.tenant_id, connection.name)


GIVEN_UP = (
    "The connection was changed or removed before the service could find out what the marketplace shows. Check the "
    "value there."
)


# Conditional on the rows as they are, not as they were found: the settler may be recording one at this moment.
GIVE_UP = """
UPDATE changes_change SET
    status = CASE WHEN status = 'applied' THEN status ELSE 'rejected' END,
    read_back = CASE WHEN read_back = 'waiting' THEN 'missed' ELSE read_back END,
    detail = %(detail)s::text
WHERE tenant_id = %(tenant)s::bigint AND marketplace = %(name)s::text
    AND (status IN ('pending', 'unknown') OR read_back = 'waiting')
RETURNING id
"""


def _give_up_unread(connection: Connection) -> None:
    """Close what could not be read back for an hour, and what still was to be: with another shop nobody will."""
    sql.execute(GIVE_UP, {"tenant": connection.tenant_id, "name": connection.name, "detail": GIVEN_UP})


def _refuse_open_changes(connection: Connection) -> None:
    open_changes = _open_changes(connection)
    if open_changes.exclude(pk__in=open_changes.overdue().values("pk")).exists():
        raise ChangesInProgress()
