"""A job's decided changes, of whatever kind, written to a marketplace that is another system."""

from collections.abc import Iterable, Sequence

from aijobs.errors import PermanentFailure
from aijobs.outbound.failures import OutboundError
from aijobs.outbound.pace import Pace
from aijobs.registry import Context
from workers.changes import settling
from workers.changes.claims import Attempt
from workers.changes.kinds.base import Desk
from workers.changes.models import OPEN, Change, ChangeStatus
from workers.jobs.shared import Skipped, connection_of
from workers.marketplaces import connections
from workers.marketplaces.models import Connection


def check_openable(connection: Connection) -> None:
    """What could not be sent is not decided. Raises PermanentFailure."""
    try:
        connections.open_connector(connection, Pace(0)).close()
    except OutboundError as error:
        raise PermanentFailure(error.code, error.message) from None


def write_open(context: Context, marketplace: str, pace: Pace, total: int) -> None:
    """Write what is still open of the job's changes while the pace lasts; `total` is that of its progress.

    Raises PermanentFailure of the connection.
    """
    ids = _open_changes(context)
    if not ids:
        return
    try:
        # While there are any it is the same shop; but its credentials may have been renewed.
        with connections.open_connector(connection_of(context, marketplace), pace) as desk:
            _write(desk, ids, total, context)
    except OutboundError as error:
        raise PermanentFailure(error.code, error.message) from None
    _wait_while_suspended(context)


def _open_changes(context: Context) -> list[int]:
    changes = Change.objects.filter(job=context.job_id, status__in=OPEN).order_by("id")
    return list(changes.values_list("id", flat=True))


def _write(desk: Desk, ids: Sequence[int], total: int, context: Context) -> None:
    for done in settling.settle_job(desk, ids, Attempt(context.job_id, context.attempt)):
        context.progress(total - len(ids) + done, total)


def _wait_while_suspended(context: Context) -> None:
    """A run that leaves changes open because its tenant is suspended goes on with them when the tenant does."""
    if _open_changes(context):
        with context.owned():
            # Raises RunSuspended where that is why.
            pass


def changes_of(context: Context) -> list[Change]:
    """What the job has decided, and what became of it."""
    return list(Change.objects.filter(job=context.job_id).order_by("sku"))


def written(changes: Iterable[Change]) -> set[str]:
    """The SKUs of which the marketplace, or the catalogue, has the new value."""
    return {change.sku for change in changes if change.status == ChangeStatus.APPLIED}


def unwritten(changes: Iterable[Change]) -> list[Skipped]:
    """The other changes, for the result."""
    return [
        Skipped(sku=change.sku, reason=f"WRITE_{change.status.upper()}", detail=change.detail or None)
        for change in changes
        if change.status != ChangeStatus.APPLIED
    ]
