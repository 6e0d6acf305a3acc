"""What a job is about and asks: decided once, so that every attempt asks the same and finds what was answered."""

from hashlib import sha256

import orjson
from django.db.models import Count

from aijobs.errors import PermanentFailure
from aijobs.registry import Context, Result
from workers.catalogue.models import CompetitorListing
from workers.changes import replaying
from workers.jobs.llm_visibility_score import subject
from workers.jobs.llm_visibility_score.shapes import VisibilityParams, brand_from
from workers.jobs.llm_visibility_score.topics import topics_of
from workers.visibility import asking
from workers.visibility.folding import folded
from workers.visibility.lexicons import lexicon
from workers.visibility.names import Names
from workers.visibility.ordinary import is_small_word
from workers.visibility.shapes import Brand

MOST_FOUND_COMPETITORS = 10
OWN = "own"


class Asked(Result):
    text: str
    group: str


class Plan(Result):
    """As it is kept beside the job."""

    # What two jobs have in common whose results can be compared.
    subject: str
    brand: Brand
    competitors: list[Brand]
    questions: list[Asked]

    @property
    def brands(self) -> list[Brand]:
        """The seller's own first."""
        return [self.brand, *self.competitors]


def decide(params: VisibilityParams, context: Context) -> Plan:
    """The first attempt's plan. Raises PermanentFailure where the catalogue has changed since the dispatch."""
    if decided := replaying.stored(context, Plan):
        return decided
    # Before the transaction: it holds the job, and this reads thousands of reviews.
    plan = _plan(params, context)
    return replaying.commit(context, lambda: plan)


def _plan(params: VisibilityParams, context: Context) -> Plan:
    try:
        subject.check(params, context.tenant_id)
    except (subject.UnknownSkus, subject.BrandNotClear) as error:
        raise PermanentFailure(error.code, error.message) from None
    products = subject.products_of(params, context.tenant_id)
    brand = subject.brand_of(params, products)
    competitors = _competitors(params, context.tenant_id, brand)
    brands = [brand, *competitors]
    return Plan(
        subject=_about(params, brand),
        brand=brand,
        competitors=competitors,
        questions=_sent(params.questions, brands, params.language)
        if params.questions is not None
        else _made(asking.questions(topics_of(products, params.language), brands, params.language)),
    )


def _competitors(params: VisibilityParams, tenant_id: int, brand: Brand) -> list[Brand]:
    """Those that were sent, else those with most listings; never the brand itself."""
    if params.competitors is not None:
        sent = [brand_from(each) for each in params.competitors]
    else:
        rows = CompetitorListing.objects.of(tenant_id).filter(marketplace=params.marketplace).exclude(brand="")
        counted = rows.values("brand").annotate(listings=Count("id")).order_by("-listings", "brand")
        most = counted.values_list("brand", flat=True)[: MOST_FOUND_COMPETITORS + 1]
        sent = [Brand(name) for name in most]
    by_name = {_plain(each.name): each for each in reversed(sent) if _plain(each.name) != _plain(brand.name)}
    found = [each for each in sent if by_name.get(_plain(each.name)) is each]
    return found if params.competitors is not None else found[:MOST_FOUND_COMPETITORS]


def _plain(name: str) -> str:
    return folded(name).lower()


def _sent(texts: list[str], brands: list[Brand], language: str) -> list[Asked]:
    """The seller's own questions; those that name the brand are of the group that does."""
    names = Names(brands[:1])
    return [Asked(text=text, group=asking.BRANDED if _names_one(text, names, language) else OWN) for text in texts]


def _names_one(text: str, names: Names, language: str) -> bool:
    """Also where an ordinary word would have a capital too: what may name the brand is not counted with the rest."""
    plain, words = folded(text), lexicon(language)
    return any(not is_small_word(plain[each.start : each.end], plain, words) for each in names.places(plain, words))


def _made(questions: list[asking.Question]) -> list[Asked]:
    if not questions:
        raise PermanentFailure(
            "NOTHING_TO_ASK",
            "The products have no category, so that there is nothing to make questions of. Import their categories, "
            "or send questions.",
        )
    return [Asked(text=each.text, group=each.group) for each in questions]


def _about(params: VisibilityParams, brand: Brand) -> str:
    """With the competitors that were sent: those that are found may be others after each import."""
    rivals = None if params.competitors is None else sorted(_plain(each.name) for each in params.competitors)
    document = [params.marketplace, _plain(brand.name), sorted(params.skus or ()), rivals, params.language]
    return sha256(orjson.dumps(document)).hexdigest()
