"""What a marketplace's reason code says. The codes themselves are data: code_tables.py."""

import re
from dataclasses import dataclass
from functools import cache

from workers.returns.code_tables import ALSO, AMAZON, OTHERS, SHOPIFY
from workers.returns.reasons import REASONS, Reason

# Amazon's, of orders that sellers fulfil: CR-DEFECTIVE, AMZ-PG-BAD-DESC; RO_CR-UNWANTED_ITEM of its return form.
_PREFIX = re.compile(r"^(?:RO_)?(?:CR|AMZ_PG)_(?=.)")
_APOSTROPHES = re.compile("['’]")
_BETWEEN = re.compile(r"[^A-Z0-9]+")
# A longer text is no code: the reason column of some exports holds free text.
LONGEST = 80


@dataclass(frozen=True, slots=True)
class Code:
    reason: Reason
    """OTHER for a code that names no reason, or leaves open which of `also` it is."""
    also: frozenset[Reason] = frozenset()
    """Reasons that the code means as well: Shopify's damaged-or-defective."""

    @property
    def says_something(self) -> bool:
        return self.reason is not Reason.OTHER or bool(self.also)

    def agrees(self, reason: Reason) -> bool:
        return reason is self.reason or reason in self.also


def look_up(code: str) -> Code | None:
    """None for an empty or unknown code. Case, spaces, hyphens, apostrophes and Amazon's prefixes do not matter."""
    if len(code) > LONGEST:
        return None
    known, name = _known(), _name(code)
    return known.get(name) or known.get(_PREFIX.sub("", name))


def _name(code: str) -> str:
    return _BETWEEN.sub("_", _APOSTROPHES.sub("", code.upper())).strip("_")


@cache
def _known() -> dict[str, Code]:
    also = {name: reasons for names, reasons in ALSO for name in names.split()}
    listed = {
        name: reason
        for table in (AMAZON, OTHERS, SHOPIFY)
        for reason, names in table.items()
        for name in names.split()
    }
    own = {reason.upper(): reason for reason in REASONS}
    return {name: Code(reason, also.get(name, frozenset())) for name, reason in (listed | own).items()}
