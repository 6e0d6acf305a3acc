"""A text in the words of its source, where it says the same in others: "turns off" where that has "switches off".

What may be said in other words is data (`lexicon/alike.txt`). A text that says what its source does not say in any of
its readings is still refused for it: they say no more than the text does, and are checked as the text is.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from workers.listings import lexicons
from workers.listings.facts import Facts
from workers.listings.ordinary import root_of
from workers.listings.plainly import plainly
from workers.listings.tokens import clauses_of, is_function_word, is_small, lemma_of
from workers.listings.vocabulary import is_fact

_SHORTEST_PART = 4
# Of how many phrases that mean the same each is tried.
_CHOICES = 3
# What stands between the words of which German makes one, or is lost there: Baumwollbezug has lost an e.
_LINKS = ("s", "n", "en", "es", "er", "")
_OF = re.compile(
    r"\b([^\W\d_]{3,30})\s(?:aus|von|für|mit|vom|zum|zur|im|am|der|des)\s(?:(?:der|dem|den|die|das)\s)?([^\W\d_]{4,30})"
)

_COUNTRIES = {
    "austrian": "Austria", "belgian": "Belgium", "british": "Britain", "danish": "Denmark", "dutch": "Netherlands",
    "english": "England", "finnish": "Finland", "french": "France", "german": "Germany", "greek": "Greece",
    "indian": "India", "irish": "Ireland", "italian": "Italy", "japanese": "Japan", "mexican": "Mexico",
    "norwegian": "Norway", "polish": "Poland", "portuguese": "Portugal", "scottish": "Scotland", "spanish": "Spain",
    "swedish": "Sweden", "swiss": "Switzerland", "turkish": "Turkey", "welsh": "Wales",
}  # fmt: skip
_FROM = re.compile(rf"\b({'|'.join(_COUNTRIES)})-(\w{{2,15}}(?:ed|de|wn))\b([^\n]{{0,500}})", re.IGNORECASE)


def readings(text: str, facts: Facts) -> Iterator[str]:
    """Those that differ from the text, the nearest first."""
    plain = plainly(text, facts.language)
    if facts.language == "de":
        plain = _apart(plain, facts)
    if facts.language == "en":
        plain = _FROM.sub(lambda match: _made_there(match, facts), plain)
    for reading in dict.fromkeys((plain, *(_in_its_words(plain, facts, choice) for choice in range(_CHOICES)))):
        if reading != text:
            yield reading


def _in_its_words(text: str, facts: Facts, choice: int) -> str:
    """With the phrases of the source for those that mean the same: of several, the first or another one."""
    language, said = facts.language, facts.phrases()
    pieces: list[str] = []
    end = 0
    for clause in clauses_of(text, language):
        tokens = [token for token in clause if not is_small(token, language)]
        roots = [root_of(token.lemma, language) for token in tokens]
        place = 0
        while place < len(tokens):
            found = list(_alike(roots, place, said, language))
            if not found:
                place += 1
                continue
            length, phrase = found[min(choice, len(found) - 1)]
            pieces += (text[end : tokens[place].start], phrase)
            end = tokens[place + length - 1].end
            place += length
    return "".join((*pieces, text[end:]))


def _alike(roots: Sequence[str], place: int, said: str, language: str) -> Iterator[tuple[int, str]]:
    """How many words from there on mean the same as a phrase of the source, and that phrase."""
    for phrase, others in _groups(language).get(roots[place], ()):
        if tuple(roots[place : place + len(phrase)]) != phrase or f" {' '.join(phrase)} " in said:
            continue
        yield from ((len(phrase), written) for written, other in others if f" {' '.join(other)} " in said)


@cache
def _groups(language: str) -> dict[str, list[tuple[tuple[str, ...], list[tuple[str, tuple[str, ...]]]]]]:
    """By the root of its first word, each phrase, and those that it may stand for, as they are written and as roots.

    The first of a line's phrases may stand for all of its others, where a "<" follows it; else each for each.
    """
    found: dict[str, list[tuple[tuple[str, ...], list[tuple[str, tuple[str, ...]]]]]] = {}
    for line in lexicons.lines("alike", language):
        narrow, arrow, _ = line.partition(" < ")
        phrases = [(each.strip(), _roots(each, language)) for each in line.replace(" < ", " = ").split(" = ")]
        for phrase in phrases[: narrow.count(" = ") + 1] if arrow else phrases:
            others = [each for each in phrases if each != phrase]
            found.setdefault(phrase[1][0], []).append((phrase[1], others))
    # The longest phrase first.
    return {root: sorted(each, key=lambda group: -len(group[0])) for root, each in found.items()}


def _roots(phrase: str, language: str) -> tuple[str, ...]:
    return tuple(
        root_of(token.lemma, language)
        for clause in clauses_of(phrase, language)
        for token in clause
        if not is_small(token, language)
    )


def _apart(text: str, facts: Facts) -> str:
    """German words as the source has them: a Baumwollbezug as a Bezug aus Baumwolle, and the other way round."""
    text = _OF.sub(lambda match: _joined(match, facts), text)
    return re.sub(r"\b[A-ZÄÖÜ][a-zäöüß]{7,40}\b", lambda match: _parted(match[0], facts), text)


def _made_there(match: re.Match[str], facts: Facts) -> str:
    """Irish-baked bread: bread, baked in Ireland, where the source says that."""
    there = f"{match[2]} in {_COUNTRIES[match[1].lower()]}"
    return f"{match[3].strip()}, {there}" if f" {' '.join(_roots(there, 'en'))} " in facts.phrases() else match[0]


def _joined(match: re.Match[str], facts: Facts) -> str:
    last, first = match.groups()
    parts = {f"{stem}{link}" for stem in (first.lower(), first.lower().rstrip("en")) for link in _LINKS}
    whole = next((part + last.lower() for part in sorted(parts) if part + last.lower() in facts.written), None)
    return whole.capitalize() if whole else match[0]


def _parted(word: str, facts: Facts) -> str:
    if word.lower() in facts.written or root_of(lemma_of(word, "de"), "de") in facts.roots:
        return word
    for first, last in _halves(word.lower(), facts):
        if not facts.says_at_once(first.lower(), last.lower()):
            continue
        return f"{last} aus {first}" if is_fact(first.lower(), "de") else f"{last} von {first}"
    return word


def _halves(word: str, facts: Facts) -> Iterator[tuple[str, str]]:
    """Both as the source knows them."""
    for place in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        first, last = word[:place], word[place:]
        if not _knows(last, facts):
            continue
        stems = [*(first.removesuffix(link) for link in _LINKS if first.endswith(link)), f"{first}e"]
        # As the source writes it, if it does: Ente rather than Entene.
        for stem in sorted(stems, key=lambda each: each not in facts.written):
            if len(stem) >= _SHORTEST_PART - 1 and _knows(stem, facts):
                yield stem.capitalize(), last.capitalize()


def _knows(word: str, facts: Facts) -> bool:
    lemma = lemma_of(word, facts.language)
    return not is_function_word(lemma, facts.language) and root_of(lemma, facts.language) in facts.roots
