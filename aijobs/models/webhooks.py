"""Where tenants want to be told of what happens to their jobs, and what was sent there."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models.jobs import Job
from aijobs.models.tenants import Tenant
from aijobs.states import DeliveryStatus

PENDING = Q(status=DeliveryStatus.PENDING)
# Pings and replays that wait to be sent.
ASKED_FOR = PENDING & (Q(job=None) | Q(replay_of__isnull=False))


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def of(self, tenant_id: int) -> "WebhookQuerySet":
        """Only this tenant's, and not those that it deleted: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id, deleted_at=None)


class Webhook(models.Model):
    """An endpoint of a tenant's. A deleted one stays until its deliveries are gone."""

    id = models.UUIDField(primary_key=True, editable=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="webhooks", db_index=False)
    url = models.CharField(max_length=500)
    # Public names of events, such as job.completed.
    events = ArrayField(models.CharField(max_length=32))
    description = models.CharField(max_length=200, blank=True, default="")
    enabled = models.BooleanField(
        default=True, help_text="While it is not, nothing is recorded for it. What has been waits."
    )
    # Where the service did that: why.
    disabled_reason = models.TextField(default="", editable=False)
    # What the links in events begin with: the address at which its tenant called the service.
    # With the name that its maker called the service by, which may be of any length.
    link_base = models.TextField(editable=False)
    # Encrypted; see webhooks/secrets.py. Never shown, never logged.
    sealed_secrets = models.TextField(editable=False)
    # Until then the secret before the present one signs, too.
    previous_until = models.DateTimeField(null=True, editable=False)
    # Events of older transactions are none of its.
    since = models.BigIntegerField(editable=False)

    # How it has fared: attempts in a row that failed, since when, and what the last of them said.
    failures = models.PositiveIntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    last_error = models.TextField(default="", editable=False)
    last_delivered_at = models.DateTimeField(null=True, editable=False)
    # Its last answer took long: it does not get the places of those that answer at once.
    slow = models.BooleanField(default=False, editable=False)
    # It asked for a pause, by Retry-After.
    not_before = models.DateTimeField(null=True, editable=False)
    # Where the service has given up for now: what happens meanwhile is recorded, and waits.
    paused_at = models.DateTimeField(null=True, editable=False)
    pause_reason = models.TextField(default="", editable=False)

    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(default=now, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "-id"], name="webhook_tenant_id", condition=Q(deleted_at=None)),
            # For the operator, who is told of them.
            models.Index(
                fields=["paused_at"], name="webhook_paused", condition=Q(paused_at__isnull=False, deleted_at=None)
            ),
            models.Index(fields=["id"], name="webhook_deleted", condition=Q(deleted_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} ({self.url})"

    @property
    def public_id(self) -> str:
        return identifiers.encode(identifiers.WEBHOOK_PREFIX, self.id)


class WebhookDelivery(models.Model):
    """One event for one endpoint. Its id says when it was recorded."""

    id = models.UUIDField(primary_key=True, editable=False)
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", db_index=False)
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False)
    # None of a ping. Jobs may be deleted before.
    job = models.ForeignKey(Job, models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False)
    seq = models.PositiveIntegerField(default=0)
    type = models.CharField(max_length=32)
    event_id = models.CharField(max_length=64)
    # As it is sent, each time.
    body = models.TextField()
    status = models.CharField(max_length=16, choices=DeliveryStatus.choices)
    # When it is looked at next, if it is pending; of one that is being sent, when its sender is given up.
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    # The fence: grows with every attempt.
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    # What the last attempt sent, and what came of it.
    attempted_at = models.DateTimeField(null=True)
    url = models.CharField(max_length=500, default="", db_default="")
    response_status = models.PositiveSmallIntegerField(null=True)
    response_type = models.CharField(max_length=200, default="", db_default="")
    response_body = models.TextField(default="", db_default="")
    error_code = models.CharField(max_length=64, default="", db_default="")
    error_message = models.TextField(default="", db_default="")
    seconds = models.FloatField(null=True)
    # Of each attempt: at, status, error and seconds.
    log = models.JSONField(default=list, db_default=[])
    ended_at = models.DateTimeField(null=True)
    replay_of = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, related_name="replays", db_constraint=False, db_index=False
    )

    class Meta:
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(F("webhook"), F("id").desc(), name="delivery_webhook_id"),
            models.Index(F("webhook"), F("status"), F("id").desc(), name="delivery_webhook_status"),
            models.Index(fields=["job"], name="delivery_job", condition=Q(job__isnull=False)),
            models.Index(fields=["webhook", "due_at"], name="delivery_due", condition=PENDING),
            # In the order of its job's log.
            models.Index(fields=["webhook", "job", "seq", "id"], name="delivery_order", condition=PENDING),
            models.Index(fields=["webhook"], name="delivery_claimed", condition=Q(claimed_until__isnull=False)),
            models.Index(fields=["webhook"], name="delivery_asked_for", condition=ASKED_FOR),
        ]

    def __str__(self) -> str:
        return f"{self.public_id}: {self.type}"

    @property
    def public_id(self) -> str:
        return identifiers.encode(identifiers.DELIVERY_PREFIX, self.id)


class WebhookCursor(models.Model):
    """How far a tenant's log has been turned into deliveries: an `events.Position`."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="+")
    transaction = models.BigIntegerField()
    event_id = models.BigIntegerField()
    # By the worker that delivers; not at each look.
    looked_at = models.DateTimeField(default=now, editable=False)

    def __str__(self) -> str:
        return f"{self.tenant_id}: {self.transaction}.{self.event_id}"
