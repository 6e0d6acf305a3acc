"""What a text says a product is for, and how long something lasts: claims, though their words are ordinary."""

from bisect import bisect_left
from collections.abc import Iterator

from workers.listings import lexicons
from workers.listings.amounts import Number, is_unit
from workers.listings.bindings import LASTING, number_node
from workers.listings.facts import Facts
from workers.listings.ordinary import is_ordinary, is_setting, root_of
from workers.listings.tokens import Clause, Token
from workers.listings.vocabulary import is_meant, is_neutral

_LASTING_UNITS = {"h", "min", "day", "year", "°"}
# Words behind "use it for" that say what for. What stands behind them says something else.
_MOST = 3
# Words of a clause that are looked at for each phrase in it.
_FAR = 100


def unsaid_uses(clause: Clause, text: str, facts: Facts) -> Iterator[Token]:
    """Of "use it for soup as well", soup, unless the source names that use; of "put it into your backpack" what the
    source does not have at all."""
    start, end = clause[0].start, clause[-1].end
    starts = [token.start for token in clause]
    for found in lexicons.find(text[start:end], ("use", "place", "more"), facts.language):
        behind = clause[bisect_left(starts, start + found.end) :][:_FAR]
        if found.section == "use":
            uses = [token for token in behind if _may_be_a_use(token, facts.language)][:_MOST]
            yield from (token for token in uses if not _is_a_use(token, facts))
        else:
            told = behind if found.section == "place" else clause[:_FAR]
            yield from (token for token in told if is_new_setting(token, facts))


def _may_be_a_use(token: Token, language: str) -> bool:
    return is_meant(token, language) and not is_neutral(token.lemma, language) and not is_unit(token.lemma)


def _is_a_use(token: Token, facts: Facts) -> bool:
    language, written = facts.language, token.written
    if written in lexicons.words("any-use", language):
        return True
    roots = {root_of(token.lemma, language), root_of(written, language)}
    return not roots.isdisjoint(facts.purposes) or any(map(facts.names_product, roots))


def is_new_setting(token: Token, facts: Facts) -> bool:
    """A couch, soup or a hand that the source does not name."""
    language, written = facts.language, token.written
    is_place = is_setting(written, language) and not is_ordinary(written, language)
    if not is_place and written not in lexicons.words("body", language):
        return False
    roots = {root_of(token.lemma, language), root_of(written, language)}
    return not is_neutral(token.lemma, language) and roots.isdisjoint(facts.roots | facts.denied_roots)


def lasts_otherwise(number: Number, clause: Clause, facts: Facts) -> bool:
    """Whether a number holds where the source does not say so, as indoors; or a duration or temperature of something
    that it does not have there: four hours of soup, or a battery that lasts as long as it is charged."""
    written = {token.written for token in clause}
    conditions = written & lexicons.words("condition", facts.language)
    if any(root_of(each, facts.language) not in facts.roots for each in conditions):
        return True
    if number.unit not in _LASTING_UNITS:
        return False
    if any(is_new_setting(token, facts) for token in clause):
        return True
    is_lasting = not written.isdisjoint(lexicons.words("lasting", facts.language))
    return is_lasting and not facts.units.have((number_node(number.value, number.unit), LASTING))
