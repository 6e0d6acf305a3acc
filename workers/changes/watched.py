"""What staff are told of changes on the first page of the admin."""

from aijobs.watching import Watch


def _sentence(count: int) -> str:
    which = "1 change of a shop has" if count == 1 else f"{count} changes of shops have"
    return f"{which} been unknown for more than 15 minutes: it is not clear whether the marketplace took them."


# An interrupted change is read back within minutes where the marketplace can be read. Few are open at a time, at most
# one of each product, and a partial index has them.
STAYS_UNKNOWN = Watch(
    name="unknown_changes",
    count="""
    SELECT count(*) FROM (
        SELECT FROM changes_change change
        WHERE change.status IN ('pending', 'unknown') AND change.status = 'unknown'
          AND change.created_at < now() - interval '15 minutes'
          AND EXISTS (
              SELECT FROM aijobs_tenant tenant WHERE tenant.id = change.tenant_id AND tenant.suspended_at IS NULL
          )
        LIMIT 1000
    ) unknown
    """,
    sentence=_sentence,
    advice="Test the marketplace's connection; the service settles them as soon as it can read the marketplace.",
    page="admin:changes_change_changelist",
    query="status__exact=unknown",
)
