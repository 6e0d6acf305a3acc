"""New returns classified, in chunks, and stored where what they were classified by is still what it was."""

from collections.abc import Sequence
from dataclasses import asdict

import orjson

from aijobs import sql
from aijobs.registry import Context
from workers.catalogue.models import Return
from workers.jobs.backlog import Backlog, Done
from workers.jobs.return_classify.counting import Scope
from workers.jobs.return_classify.shapes import ReturnParams
from workers.returns.classifying import Classification, ReturnText, classify, version

# Of the soft limit of 900 s: what is not classified by then is left to the next job, not lost with the run.
CLASSIFY_SECONDS = 700.0
# What has a column of its own; the rest is one JSON object.
COLUMNS = frozenset(["reason", "confidence"])

# It waits for nobody, whose locks might wait for this transaction's: a return that an import or another job is
# writing at this moment stays new. Nor is it stored where another job has stored it meanwhile: that has moved its
# moment. The new moment is the clock's: the transaction's own is that of its begin. Nothing is joined but by the key
# of the table: PostgreSQL takes the arrays for ten rows, and would compare all of them with each other.
STORE = """
WITH classified AS (
    SELECT * FROM unnest(
        %(ids)s::bigint[], %(codes)s::text[], %(comments)s::text[], %(moments)s::timestamptz[],
        %(reasons)s::text[], %(confidences)s::float8[], %(classifications)s::text[]
    ) AS rows (id, reason_code, comment, moment, reason, confidence, classification)
), held AS MATERIALIZED (
    SELECT classified.* FROM catalogue_return AS present JOIN classified USING (id)
    WHERE (present.reason_code, present.comment, present.classified_at)
        IS NOT DISTINCT FROM (classified.reason_code, classified.comment, classified.moment)
    FOR NO KEY UPDATE OF present SKIP LOCKED
)
UPDATE catalogue_return AS present
SET reason = held.reason, confidence = held.confidence, classification = held.classification::jsonb,
    classified_with = %(version)s::text, classified_at = clock_timestamp()
FROM held WHERE present.id = held.id
RETURNING present.id
"""


def classify_new(scope: Scope, params: ReturnParams, context: Context) -> Done:
    """Classify and store up to `limit` new returns, the newest first.

    Raises what `context.owned()` and `context.progress()` do; what is stored by then stays.
    """
    rows = Return.objects.of(scope.tenant_id).filter(marketplace=scope.marketplace)
    if scope.products is not None:
        rows = rows.filter(product__in=scope.products)
    if params.since is not None:
        rows = rows.filter(date__gte=params.since)
    backlog = Backlog(
        rows=rows.only("reason_code", "comment", "classified_at"),
        version=version(),
        version_column="classified_with",
        moment_column="classified_at",
        text_column="comment",
        newest_first=("-date", "-pk"),
    )
    return backlog.work_off(params, context, CLASSIFY_SECONDS, lambda chunk: _store(chunk, context))


def _store(chunk: Sequence[Return], context: Context) -> int:
    """How many were still as they had been read."""
    found = classify([ReturnText(each.reason_code, each.comment) for each in chunk])
    parameters = {
        "ids": [each.pk for each in chunk],
        "codes": [each.reason_code for each in chunk],
        "comments": [each.comment for each in chunk],
        "moments": [each.classified_at for each in chunk],
        "reasons": [each.reason for each in found],
        "confidences": [each.confidence for each in found],
        "classifications": [_rest(each) for each in found],
        "version": version(),
    }
    with context.owned():
        return sql.execute(STORE, parameters)


def _rest(classification: Classification) -> str:
    return orjson.dumps(
        {name: value for name, value in asdict(classification).items() if name not in COLUMNS}
    ).decode()
