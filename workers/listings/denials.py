"""Which words of a clause are denied in it."""

from functools import cache

from workers.listings import lexicons
from workers.listings.tokens import Clause, Token, is_function_word
from workers.listings.vocabulary import is_meant

# Of non-slip, slip alone is denied.
_HYPHENS = ("-", "‐", "‑")


def denied_in(clause: Clause, text: str, language: str) -> set[int]:
    """The ids of the tokens that a clause denies, by what denies them."""
    written = [text[token.start : token.end].replace("’", "'").lower() for token in clause]
    if _denies_nothing(written, language):
        return set()
    conjunctions = lexicons.words("joining", language)
    of_clause, behind, before = (_denials(kind, language) for kind in ("clause", "after", "before"))
    found: set[int] = set()
    for index, (token, word) in enumerate(zip(clause, written, strict=True)):
        following = clause[index + 1 :]
        if word in of_clause and index and written[index - 1] in conjunctions:
            # By hand and not in the dishwasher: what stands before is not denied.
            return found | {id(each) for each in following}
        verb = next((each for each in clause[index + 1 : index + 3] if _has(each, text, language)), None)
        if word in of_clause and verb:
            # It does not contain it: only what stands behind is denied.
            return found | {id(each) for each in clause if each.start > verb.start}
        if word in of_clause:
            return {id(each) for each in clause}
        if word in behind and text[token.end : token.end + 1] in _HYPHENS:
            found |= {id(each) for each in following[:1]}
        elif word in behind or (word in before and following and is_function_word(following[0].lemma, language)):
            found |= {id(each) for each in following}
        elif word in before and not _is_given(following, language):
            meant = [each for each in clause[:index] if is_meant(each, language)]
            found |= {id(each) for each in (*meant[-1:], token)}
    return found


def _has(token: Token, text: str, language: str) -> bool:
    return text[token.start : token.end].lower() in lexicons.words("has", language)


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
    return any(word in only for word in written) or any(word in behind - of_clause - {"pas"} for word in written)


def _is_given(following: Clause, language: str) -> bool:
    """Free shipping, and not gift-free shipping."""
    return bool(following) and following[0].lemma in lexicons.words("given-free", language)


@cache
def _denials(kind: str, language: str) -> frozenset[str]:
    return lexicons.words(f"denies-{kind}", language)
