"""The way of the returns: new ones classified and stored in chunks → all of them counted → what stands out."""

from aijobs.registry import Context
from workers.jobs.backlog import products_asked_for
from workers.jobs.return_classify import classifying, reporting
from workers.jobs.return_classify.counting import Scope
from workers.jobs.return_classify.shapes import ReturnParams, ReturnResult


def run(params: ReturnParams, context: Context) -> ReturnResult:
    """Classify what is new, and report on what is known.

    Raises PermanentFailure NO_MATCHING_SKUS where none of the SKUs is in the catalogue.
    """
    products = products_asked_for(params, context.tenant_id)
    ids = None if products is None else sorted(products.values())
    scope = Scope(context.tenant_id, params.marketplace, ids)
    done = classifying.classify_new(scope, params, context)
    return reporting.report(scope, params, products, done)
