"""What staff are told of webhooks on the first page of the admin."""

from aijobs.watching import Watch


def _paused(count: int) -> str:
    which = "1 webhook was" if count == 1 else f"{count} webhooks were"
    return f"{which} paused, because nothing could be delivered for a day; what happens to the jobs is recorded."


def _silent(count: int) -> str:
    which = "1 tenant" if count == 1 else f"{count} tenants"
    return f"The webhooks of {which} have not been looked at for a minute: nobody is told what happens to their jobs."


WATCHES = (
    Watch(
        name="paused_webhooks",
        count="""
        SELECT count(*) FROM (
            SELECT FROM aijobs_webhook WHERE paused_at IS NOT NULL AND deleted_at IS NULL AND enabled LIMIT 1000
        ) paused
        """,
        sentence=_paused,
        advice="Tell their tenants. They, or you, resume a webhook when its endpoint answers again.",
        page="admin:aijobs_webhook_changelist",
        query="state=paused",
    ),
    Watch(
        name="silent_webhooks",
        count="""
        SELECT count(*) FROM (
            SELECT FROM aijobs_webhookcursor cursor
            WHERE cursor.looked_at < now() - interval '1 minute' AND EXISTS (
                SELECT FROM aijobs_webhook webhook
                WHERE webhook.tenant_id = cursor.tenant_id AND webhook.enabled AND webhook.deleted_at IS NULL
            )
            LIMIT 1000
        ) silent
        """,
        sentence=_silent,
        advice="Start the worker of the queue ai-jobs.webhooks, or read its log if it is there.",
        page="admin:aijobs_worker_changelist",
        query="",
    ),
)
