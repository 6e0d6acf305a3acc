"""What a comment says is not so ("not defective, just too big", "no parts missing"): it is nobody's reason.

Only what is bad by itself is denied by a "not" directly before it. "Does not work", "not as described" and "not big
enough" are complaints, and stay. So does "nothing wrong": who writes no more than that has changed their mind.
"""

import re

_SIZE = "small|big|large|tight|loose|short|long|wide|narrow|baggy|snug|thin|thick|heavy|bulky|expensive|late"
_BAD = (
    "defective|faulty|broken|damaged|cracked|torn|ripped|scratched|dented|crushed|shattered|smashed|leaking|stained"
    "|delayed|late|wrong|incorrect|incompatible"
)
_THING = "(?:parts?|pieces?|items?|screws?|accessories|components?|things?)"
_FAULT = "(?:damages?|defects?|faults?|scratch(?:es)?|dents?|cracks?|stains?|issues?|problems?|complaints?)"
_STATE = (
    rf"(?:too (?:{_SIZE})|{_BAD}|missing(?: (?:(?:any |a |some |the )?{_THING}|anything))?|by (?:mistake|accident)"
    rf"|(?:a |of a |any )?(?:mistake|{_FAULT}))"
)
_DEED = (
    r"(?:broke|break|(?:leak|smell|crack|fade|peel|rust|overheat)(?:ed|d)?|tear|rip|shrink|fall apart"
    r"|stop working|run (?:small|big|large)|change (?:my|our) minds?"
    r"|(?:order|buy|purchase)(?: (?:this|it|that|one|them))? by (?:mistake|accident)"
    rf"|(?:arrive|come|show up) (?:too late|{_BAD})|(?:order|buy|choose|get|receive) the (?:wrong|incorrect) \w+)"
)
# With its subject before it: "the zipper isn't".
_SUBJECT = (
    r"(?:(?:(?:the|this|that|these|those|my|its|both)(?: \w+){1,2}|it|they|this|that|there|i|we|item|product|unit"
    r"|parcel|package|box|order) )?"
)
_IS_NOT = rf"(?:{_SUBJECT}(?:is|was|are|were|did|do|does|has|have|had)(?:n'?t| not| never))"
_VERY = r"(?: (?:actually|really|even|at all|been|physically|visibly|in any way|seem|appear|look|to be|an?|the|any))*"
_BECAUSE = (
    r"(?: (?:return(?:ing|ed)?|sending|sent|it|this|them|back))* (?:because|due to|that)(?: (?:it|they|of))?"
    r"(?:'?s| is| was| were| are)?"
)
_OR = rf"(?:(?:, {_STATE})*,? n?or (?:(?:is|was) )?(?:{_STATE}|{_SIZE}))*"
_DENIED = re.compile(
    (
        rf"\b(?:(?:not|never|neither|{_IS_NOT})(?:{_BECAUSE})?{_VERY} {_STATE}{_OR}"
        rf"|(?:{_IS_NOT}|never){_VERY} {_DEED}"
        rf"|nothing(?:'s| is| was| has been| seems)?{_VERY} (?!wrong)(?:{_BAD}|missing){_OR}"
        rf"|(?:no|without(?: any)?) (?:(?:{_BAD}|missing) {_THING}|(?:\w+ )?{_FAULT})"
        r"(?: (?:with|to|on|in) (?:\w+ )?\w+)?"
        rf"|(?:no|none of the) {_THING} (?:(?:is|are|was|were) )?(?:{_BAD}|missing)(?=\s*(?:[,.;!]|$))"
        r")(?!\w| (?:enough|good|nice|right|like))"
    ).replace(" ", r"\s+"),
    re.IGNORECASE,
)
# Without one of these nothing is denied: most comments have none.
_NOT = re.compile(r"n'?t\b|\bno(?:t|ne|thing)?\b|\bnever\b|\bneither\b|\bwithout\b", re.IGNORECASE)
# What is left of a clause of which all else is denied: "there were", "when it arrived".
_PIECE = re.compile(r"[^.,;:!?\n]+")
_WORD = re.compile(r"[^\W_]+")
_LITTLE = frozenset(
    """
    a all also an and any anything are arrival arrived as at back because box but by came due either had has have
    honestly i in is it item itself its just my of on one or order otherwise package parcel product received return
    returning s so such t that the then there they thing this to unit was way we well were when with
    """.strip()
    .replace("\n    ", " ")
    .split(" ")
)


def without_denied(text: str) -> str:
    """As long as the text, with line ends in place of what it denies."""
    said = _DENIED.sub(_line_ends, text) if _NOT.search(text) else text
    return said if said == text else _PIECE.sub(_line_ends_for_little, said)


def _line_ends(found: re.Match[str]) -> str:
    return "\n" * len(found[0])


def _line_ends_for_little(found: re.Match[str]) -> str:
    return _line_ends(found) if _LITTLE.issuperset(_WORD.findall(found[0].lower())) else found[0]
