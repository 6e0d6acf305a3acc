"""Which words of a clause are denied in it."""

from collections.abc import Collection
from functools import cache

from workers.listings import lexicons
from workers.listings.tokens import Clause, Token, is_function_word
from workers.listings.vocabulary import is_meant

# What goes on to deny.
_GOING_ON = {"nor", "ni", "noch"}
# Of non-slip, slip alone is denied.
HYPHENS = ("-", "‐", "‑")


def denied_in(clause: Clause, text: str, language: str) -> set[int]:
    """The ids of the tokens that a clause denies, by what denies them."""
    written = [token.written.replace("’", "'") for token in clause]
    if _denies_nothing(written, language):
        return set()
    conjunctions = lexicons.words("joining", language)
    of_clause, behind, before = (_denials(kind, language) for kind in ("clause", "after", "before"))
    found: set[int] = set()
    for index, (token, word) in enumerate(zip(clause, written, strict=True)):
        following = clause[index + 1 :]
        if word in _GOING_ON and found:
            # What follows is denied already.
            continue
        if word in of_clause and index and written[index - 1] in conjunctions | _relatives(language):
            # By hand and not in the dishwasher, a handle that does not burn: what stands before is not denied.
            return found | {id(each) for each in following}
        if word in of_clause and language == "de" and index == len(clause) - 1:
            # "Ist dicht gewebt und knistert nicht": what stands before "und" is not denied, if a verb follows.
            return found | {id(each) for each in clause[_verb_behind_and(written, text, clause, conjunctions) :]}
        verb = next((each for each in clause[index + 1 : index + 3] if _has(each, language)), None)
        if word in of_clause and verb and verb is not clause[-1]:
            # It does not contain it: only what stands behind is denied.
            return found | {id(each) for each in clause if each.start > verb.start}
        if word in of_clause:
            return {id(each) for each in clause}
        if word in behind and text[token.end : token.end + 1] in HYPHENS:
            found |= {id(each) for each in following[:1]}
        elif word in behind or (word in before and following and is_function_word(following[0].lemma, language)):
            found |= {id(each) for each in following}
        elif word in before and not _is_given(following, language):
            meant = [each for each in clause[:index] if is_meant(each, language)]
            found |= {id(each) for each in (*meant[-1:], token)}
    return found


def _relatives(language: str) -> frozenset[str]:
    return lexicons.words("joint-which", language)


def _verb_behind_and(written: list[str], text: str, clause: Clause, conjunctions: Collection[str]) -> int:
    """The place of a word that is no noun and stands between a conjunction and the "nicht" at the end, or 0."""
    place = len(clause) - 2
    is_verb = place > 1 and written[place - 1] in conjunctions and text[clause[place].start].islower()
    return place if is_verb else 0


def _has(token: Token, language: str) -> bool:
    return token.written in lexicons.words("has", language)


def _denies_nothing(written: list[str], language: str) -> bool:
    """Not only for the dishwasher, nothing but, and not without it: for it."""
    of_clause, behind, only = (
        _denials("clause", language),
        _denials("after", language),
        lexicons.words("only", language),
    )
    denying = {word for word in written if word in of_clause}
    if not denying:
        return False
    if denying == {"ne"} and language == "fr" and "que" in written:
        # It weighs but 700 g.
        return True
    # Not only; but not "only with water and not with soap".
    if any(
        word in denying and not only.isdisjoint(written[place + 1 : place + 4]) for place, word in enumerate(written)
    ):
        return True
    # Without latex nor PVC: "nor" goes on to deny.
    return not denying <= _GOING_ON and any(word in behind - of_clause - {"pas"} for word in written)


def _is_given(following: Clause, language: str) -> bool:
    """Free shipping, and not gift-free shipping."""
    return bool(following) and following[0].lemma in lexicons.words("given-free", language)


@cache
def _denials(kind: str, language: str) -> frozenset[str]:
    return lexicons.words(f"denies-{kind}", language) | lexicons.own_words(f"denies-{kind}", "any")


def denying(language: str) -> frozenset[str]:
    """Words that deny what stands behind them, or their whole clause."""
    return _denials("clause", language) | _denials("after", language)
