"""What every field's proposal is made with: the source it may say, the rules, and what the listing already says."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from workers.listings import hygiene
from workers.listings.checking import check_field
from workers.listings.repairing import Context, words_said
from workers.listings.rulebook import Rules
from workers.listings.shapes import Field, ListingText, Material, RankedKeyword
from workers.listings.tokens import READ
from workers.listings.validating import Source, validate


@dataclass(slots=True)
class Draft:
    """A listing on its way. `homeless` is what was cut off a text and says something that stands nowhere else."""

    material: Material
    rules: Rules
    source: Source
    keywords: tuple[RankedKeyword, ...]
    listing: ListingText
    reasons: dict[Field, list[str]] = field(default_factory=dict)
    homeless: list[str] = field(default_factory=list)
    # Whether a title that is longer than is shown may be shortened by moving what it says to other texts.
    moves: bool = True

    @property
    def language(self) -> str:
        return self.material.language

    def has(self, name: Field) -> bool:
        return name in self.rules.fields

    def put(self, name: Field, text: str | tuple[str, ...], reasons: Iterable[str] = ()) -> None:
        self.listing = _with(self.listing, name, text)
        self.reasons.setdefault(name, []).extend(reasons)

    def allows(self, name: Field, text: str) -> bool:
        """Whether the source says all of a text, and whether it breaks no rule by itself."""
        proposed = _with(self.material.listing, name, (text,) if name == "bullets" else text)
        return not validate(proposed, self.source) and not self.faults(name, text)

    def says_no_more(self, name: Field, text: str) -> bool:
        proposed = _with(self.material.listing, name, (text,) if name == "bullets" else text)
        return not validate(proposed, self.source)

    def faults(self, name: Field, text: str) -> int:
        """How many rules a text breaks; how many bullets there are is not asked."""
        listing = _with(self.listing, name, (text,) if name == "bullets" else text)
        found = check_field(name, listing, self.rules, self.language)
        return len({each.rule for each in found if name != "bullets" or each.bullet is not None})

    def context(self, *without: Field) -> Context:
        """With what the listing says elsewhere than in these fields."""
        listing = self.listing
        texts = [f"{name} {value}" for name, value in listing.attributes.items()]
        texts += [] if "title" in without else [listing.title]
        texts += [] if "bullets" in without else list(listing.bullets)
        texts += [] if "description" in without else [hygiene.plain(listing.description[:READ])]
        said = words_said(texts, self.language)
        return Context(self.rules, self.language, listing.brand, listing.category, said, listing.other_brands)


def _with(listing: ListingText, name: Field, text: str | tuple[str, ...]) -> ListingText:
    return replace(listing, **{name: text})  # type: ignore[arg-type]
