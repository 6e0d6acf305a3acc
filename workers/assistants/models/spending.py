"""What a tenant's assistants may cost in a month, what they have cost, and what calls under way may cost."""

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.timezone import now

from aijobs.models import NEWEST_FIRST, Tenant

# Fractions of a cent: a short question to a small model costs a hundred-thousandth of a dollar.
DECIMALS = 8
# Of a year of the dearest calls.
DIGITS = 20


class Budget(models.Model):
    """What a tenant allows its assistants to cost; a tenant without a row sets no limit."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="+")
    monthly_limit = models.DecimalField(
        "monthly limit in US dollars",
        max_digits=DIGITS,
        decimal_places=DECIMALS,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="What all calls of a calendar month (UTC) may cost in all. Leave it empty for no limit.",
    )

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(monthly_limit__gte=0), name="budget_not_negative")]

    def __str__(self) -> str:
        return f"budget of {self.tenant}"


class Account(models.Model):
    """A tenant's month: the one row that every call's cost is reserved in and settled in.

    `reserved` is the sum of the month's Reservations: `accounting.py` writes both in one statement.
    """

    pk = models.CompositePrimaryKey("tenant_id", "month")
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    month = models.DateField(help_text="The first day of the month in UTC.")
    spent = models.DecimalField(max_digits=DIGITS, decimal_places=DECIMALS, default=0)
    reserved = models.DecimalField(max_digits=DIGITS, decimal_places=DECIMALS, default=0)

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.month:%Y-%m}: {self.spent}"


class Reservation(models.Model):
    """What a call under way may cost at most. One that a crash has left is in the way until it has expired."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    month = models.DateField()
    amount = models.DecimalField(max_digits=DIGITS, decimal_places=DECIMALS)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "month", "expires_at"], name="reservation_month"),
            models.Index(fields=["expires_at"], name="reservation_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.month:%Y-%m}: {self.amount}"


class MonthlyUsageQuerySet(models.QuerySet["MonthlyUsage"]):
    def of(self, tenant_id: int) -> "MonthlyUsageQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class MonthlyUsage(models.Model):
    """What one assistant of a tenant was asked in a month (UTC), and what that took. It outlives the connection."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="+", db_index=False)
    month = models.DateField(help_text="The first day of the month in UTC.")
    assistant = models.CharField(max_length=32)
    # As it was asked for.
    model = models.CharField(max_length=200)
    calls = models.PositiveIntegerField(default=0, help_text="Calls that were answered and paid for.")
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.DecimalField("cost in US dollars", max_digits=DIGITS, decimal_places=DECIMALS, default=0)
    updated_at = models.DateTimeField(default=now, editable=False)

    objects = MonthlyUsageQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "monthly usage"
        constraints = [
            models.UniqueConstraint(fields=["tenant", "month", "assistant", "model"], name="usage_tenant_month")
        ]
        # For staff, who ask for a month of all tenants.
        indexes = [models.Index("month", NEWEST_FIRST, name="usage_month")]

    def __str__(self) -> str:
        return f"{self.assistant} ({self.model}) in {self.month:%Y-%m}"
