"""What a seller allows jobs to change."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from aijobs.models import Tenant

# Of the API and the admin alike.
MOST_CHANGES_PER_DAY = 1000
LONGEST_COOL_DOWN_MINUTES = 7 * 24 * 60
HIGHEST_MIN_MARGIN_PCT = 99.99


class RepricingPolicy(models.Model):
    """What a seller allows all repricing to do; a tenant without a row has the defaults."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="repricing_policy")
    repricing_enabled = models.BooleanField(
        default=True, help_text="Whether repricing may change prices. While this is off, only reverts change them."
    )
    max_changes_per_day = models.PositiveIntegerField(
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CHANGES_PER_DAY)],
        help_text="How many times the price of one product may change within 24 hours.",
    )
    cool_down_minutes = models.PositiveIntegerField(
        default=15,
        validators=[MaxValueValidator(LONGEST_COOL_DOWN_MINUTES)],
        help_text="How many minutes must pass between two changes of a product's price.",
    )
    min_margin_pct = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(HIGHEST_MIN_MARGIN_PCT)],
        help_text="The smallest margin, (price − cost) ÷ price in per cent, that any job must keep.",
    )
    outlier_factor = models.FloatField(
        default=3.0,
        validators=[MinValueValidator(1.1), MaxValueValidator(100.0)],
        help_text="A competitor's price that differs from yours by more than this factor is suspicious and is not "
        "followed.",
    )

    class Meta:
        verbose_name_plural = "repricing policies"

    def __str__(self) -> str:
        return f"policy of {self.tenant}"


def policy_of(tenant_id: int) -> RepricingPolicy:
    """The tenant's policy; the defaults where it has none."""
    return RepricingPolicy.objects.filter(tenant=tenant_id).first() or RepricingPolicy(tenant_id=tenant_id)


class ListingPolicy(models.Model):
    """What a seller allows all changes of listings to do; a tenant without a row has the defaults."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="listing_policy")
    editing_enabled = models.BooleanField(
        default=True,
        help_text="Whether jobs and applied proposals may change listings. While this is off, only reverts change "
        "them.",
    )
    max_changes_per_day = models.PositiveIntegerField(
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CHANGES_PER_DAY)],
        help_text="How many times the listing of one product may change within 24 hours.",
    )

    class Meta:
        verbose_name_plural = "listing policies"

    def __str__(self) -> str:
        return f"listing policy of {self.tenant}"


def listing_policy_of(tenant_id: int) -> ListingPolicy:
    """The tenant's policy; the defaults where it has none."""
    return ListingPolicy.objects.filter(tenant=tenant_id).first() or ListingPolicy(tenant_id=tenant_id)
