"""A finished listing job's proposals, applied after a look."""

from collections.abc import Collection, Sequence
from typing import TypedDict, cast

from django.db import transaction

from aijobs.models import Job
from workers.changes import deciding
from workers.changes.deciding import Applied, Decision, Origin
from workers.changes.kinds.listing import Listings
from workers.marketplaces.protocols import Texts


class Shown(TypedDict):
    """What is needed of a stored proposal, which may be of an earlier release than this one."""

    field: str
    current: str | list[str]
    proposed: str | list[str]
    reasons: list[str]


class Report(TypedDict):
    sku: str
    proposals: list[Shown]


class Result(TypedDict):
    listings: list[Report]


def apply_job(job: Job, skus: Sequence[str] | None, names: Collection[str], applied_by: int) -> Applied:
    """Apply the proposals that a completed job shows: all, or those for `skus`; of each, those for these texts.

    `applied_by`: the id of the API key that asks. A text that is no longer the one that the job read is left alone,
    with the others of its listing. Raises TenantSuspended.
    """
    shown = {each["sku"]: each["proposals"] for each in cast("Result", job.result)["listings"]}
    wanted = list(shown if skus is None else dict.fromkeys(skus))
    decisions = [_decision(sku, shown[sku], names) for sku in wanted if sku in shown]
    origin = Origin(job.tenant_id, job.params["marketplace"], job.id, applied_by=applied_by)
    with transaction.atomic():
        applied = deciding.decide(Listings(), origin, [each for each in decisions if each.after])
    applied.refused |= {sku: "NOT_IN_JOB" for sku in wanted if sku not in shown}
    applied.refused |= {each.sku: "NO_CHANGE" for each in decisions if not each.after}
    return applied


def _decision(sku: str, shown: Sequence[Shown], names: Collection[str]) -> Decision[Texts]:
    chosen = [each for each in shown if each["field"] in names]
    before = {each["field"]: each["current"] for each in chosen}
    after = {each["field"]: each["proposed"] for each in chosen}
    reasons = dict.fromkeys(reason for each in chosen for reason in each["reasons"])
    return Decision(sku, before, after, " ".join(reasons))
