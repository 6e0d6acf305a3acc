"""Names of competitors that have no place in a listing's search terms."""

from collections.abc import Iterable

from workers.listings.ordinary import is_ordinary
from workers.listings.shapes import Competitor, ListingText
from workers.listings.tokens import READ
from workers.listings.vocabulary import is_fact, is_neutral

_SHORTEST = 3


def others_of(competitors: Iterable[Competitor], listing: ListingText, language: str) -> tuple[str, ...]:
    """The competitors' brands, in lower case.

    Without the listing's own, those that its texts name ("for iPhone"), and words that say something by themselves.
    """
    texts = (listing.title, *listing.bullets, listing.description[:READ], *listing.attributes.values())
    own = "\n".join((*texts, listing.brand, listing.category)).lower()
    names = {each.brand.strip().lower() for each in competitors}
    return tuple(
        sorted(
            name
            for name in names
            if len(name) >= _SHORTEST and name not in own and not _says_something(name, language)
        )
    )


def _says_something(name: str, language: str) -> bool:
    return is_ordinary(name, language) or is_neutral(name, language) or is_fact(name, language)
