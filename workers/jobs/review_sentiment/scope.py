"""Which reviews a job is about."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from aijobs import zones
from aijobs.models import Tenant
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
    # The model's.
    version: str

    def parameters(self, **more: object) -> dict[str, object]:
        return asdict(self) | more


def scope_of(params: SentimentParams, tenant_id: int, products: Mapping[str, int] | None, version: str) -> Scope:
    since = None if params.since is None else midnight(max(params.since, EARLIEST), zone_of(tenant_id))
    ids = None if products is None else sorted(products.values())
    return Scope(tenant_id, params.marketplace, ids, since, version)


def zone_of(tenant_id: int) -> ZoneInfo:
    return zones.find_or_utc(Tenant.objects.values_list("timezone", flat=True).get(pk=tenant_id))
