"""Which reviews a job is about, and what "new" means for it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aijobs.errors import PermanentFailure
from aijobs.models import Job, Tenant
from aijobs.registry import Context
from workers.catalogue.models import Product
from workers.jobs.review_sentiment.shapes import SentimentParams
from workers.jobs.review_sentiment.windows import EARLIEST, midnight


@dataclass(frozen=True, slots=True)
class Scope:
    """A job's reviews, as the statements take them."""

    tenant: int
    marketplace: str
    # None: all products.
    products: list[int] | None
    since: datetime | None
    reanalyze: bool
    # When the job was dispatched.
    created: datetime
    # The model's.
    version: str

    def parameters(self, **more: object) -> dict[str, object]:
        return asdict(self) | more


def scope_of(params: SentimentParams, context: Context, products: Mapping[str, int] | None, version: str) -> Scope:
    created = Job.objects.filter(id=context.job_id).values_list("created_at", flat=True).get()
    since = None if params.since is None else midnight(max(params.since, EARLIEST), zone_of(context.tenant_id))
    ids = None if products is None else sorted(products.values())
    return Scope(context.tenant_id, params.marketplace, ids, since, params.reanalyze, created, version)


def zone_of(tenant_id: int) -> ZoneInfo:
    return ZoneInfo(Tenant.objects.values_list("timezone", flat=True).get(pk=tenant_id))


def products_asked_for(params: SentimentParams, tenant_id: int) -> dict[str, int] | None:
    """The IDs of the SKUs that are in the catalogue; None for all products. Raises PermanentFailure."""
    rows = Product.objects.of(tenant_id).filter(marketplace=params.marketplace)
    if params.skus is None:
        if not rows.exists():
            raise _nothing(f"There are no products in the catalogue of {params.marketplace}")
        return None
    found = dict(rows.filter(sku__in=params.skus).values_list("sku", "pk"))
    if not found:
        raise _nothing(f"None of the SKUs is in the catalogue of {params.marketplace}")
    return found


def _nothing(what: str) -> PermanentFailure:
    return PermanentFailure("NO_MATCHING_SKUS", f"{what}. Import the products first.")
