"""Whether a name that is also an ordinary word (Nest, Ring, Target) is meant as the brand where it stands."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from workers.visibility.folding import folded
from workers.visibility.heads import (
    Setting,
    begins_with_name,
    blocks_around,
    entries_beside,
    head_line,
    is_head,
    is_whole_head,
    line_of,
)
from workers.visibility.lexicons import LANGUAGES, Lexicon, lexicon
from workers.visibility.names import Place

_WORDS = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"[\w'+-]+")
_NEXT = re.compile(r"[ ]+([\w'][\w'+.-]*)")
_VERB = re.compile(r",?[ ]+([\w']+)")
# "Orange, plus cher, a …".
_ASIDE = re.compile(r",[^,.;!?\n]{1,40},")
# Nothing but a name, among other sentences: "Want plain files? Obsidian."
_SENTENCE_BEFORE, _SENTENCE_END = re.compile(r"[.!?…:][\s*_]+$"), re.compile(r"[*_]*[.!](?:\s|$)")
# "nintendo switch 2,"
_FIGURED = re.compile(r"[ ]+[\w'-]+[ ]+\d{1,4}(?=[,.;:!?\n]|$)")
_TWO_BEFORE = re.compile(r"(?:[\w'-]+ )?[\w'-]+ $")
_BEFORE = re.compile(r"([\w'.-]+) $")
# What stands between a sentence's or a line's beginning and its first word.
_OPENING = re.compile(r"(?:^|[.!?…\n]|[\"“„«|])[\s\"“„«|]*$")
_POSSESSIVE = re.compile(r"'s?$")
# A line of that many words is written in title case if that share of them has a capital.
_FEWEST, _TITLE = 3, 0.7
# How much of what follows tells whether a word is a verb.
_AHEAD = 20
_LONGEST_JOIN = 20
# How often brands that were found may speak for others.
_MOST_ROUNDS = 4
# Words of a question that may stand behind any name.
_SHORT = 3
# "Den dritten Platz belegt die Allianz".
_RANKED_NOUN = re.compile(
    r"\b(?:erst|zweit|dritt|viert|funft)\w*(?: \w+)? (?:belegt|geht(?: \w+)? an|holt|erreicht|ist|wird|folgt|bekommt)"
    r"(?: \w+)? (?:die|der|das|den|dem) $",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\? (?=\w)")
_SIGNED = re.compile(r"\s?[®™]")


def as_brands(places: Sequence[Place], setting: Setting) -> list[Place]:
    """Those of the places where a brand is meant. Names that are nothing but names speak for those beside them."""
    if len(places) == 1 and _is_whole_answer(places[0], setting):
        return list(places)
    is_doubtful = [_is_ordinary(place, setting) for place in places]
    doubtful = [place for place, doubt in zip(places, is_doubtful, strict=True) if doubt]
    certain = [place for place, doubt in zip(places, is_doubtful, strict=True) if not doubt]
    listed = _listed(doubtful, setting)
    certain += listed
    doubtful = [place for place in doubtful if place not in listed]
    for _ in range(_MOST_ROUNDS):
        is_meant = [_is_meant(place, certain, setting) for place in doubtful]
        certain += [place for place, meant in zip(doubtful, is_meant, strict=True) if meant]
        doubtful = [place for place, meant in zip(doubtful, is_meant, strict=True) if not meant]
        if not any(is_meant):
            break
    return sorted(certain, key=lambda place: place.start)


def _is_whole_answer(place: Place, setting: Setting) -> bool:
    """ "Bose." is a name whatever else the word means; "Always." is not one."""
    around = setting.text[: place.start] + setting.text[place.end :]
    small = setting.words.words("adverbs") | setting.words.words("little")
    written = setting.text[place.start : place.end]
    is_name = written[0].isupper() or setting.text.islower()
    return is_name and not any(map(str.isalnum, around)) and written.lower() not in small


def _listed(doubtful: Sequence[Place], setting: Setting) -> list[Place]:
    """Names that have nothing beside them but other names: "1. Bose: …, 2. Apple: …", "Bose, Apple".

    Ordinary words are not listed so, of just those brands that are looked for or among names that are no words.
    """
    capital = [place for place in doubtful if setting.text[place.start].isupper() and not _is_phrase(place, setting)]
    heads = [place for place in capital if is_whole_head(place, setting)]
    join = _joins(setting.words.language, with_articles=True)
    joined = [
        place
        for pair in pairwise(capital)
        if join.fullmatch(setting.text, pair[0].end, pair[1].start)
        for place in pair
    ]
    alone = [place for place in capital if _is_whole_sentence(place, setting)]
    groups = [group for group in (heads, joined, alone) if len({place.brand for place in group}) > 1]
    groups.append([place for place in heads if _is_beside_names(place, [], setting)])
    return [place for place in doubtful if any(place in group for group in groups)]


def _is_whole_sentence(place: Place, setting: Setting) -> bool:
    before = setting.text[max(0, place.start - 20) : place.start]
    return (
        _SENTENCE_BEFORE.search(before) is not None
        and _SENTENCE_END.match(setting.text, place.end) is not None
        and setting.text[place.start : place.end].lower() not in setting.words.words("adverbs")
    )


def is_small_word(written: str, text: str, words: Lexicon) -> bool:
    """Whether it is a word of the language and written as one: "Do doorbells ring?".

    In a text without capitals, names are written so, too.
    """
    return written.islower() and not text.islower() and all(words.is_word(part) for part in written.split())


def _is_ordinary(place: Place, setting: Setting) -> bool:
    """Whether all of its words are words of the language, and its letters do not tell the contrary."""
    parts = folded(place.name).split()
    written = setting.text[place.start : place.end]
    if (
        place.is_misspelled
        # "reMarkable", "LEGO": written as no other word is.
        or (written == folded(place.name) and not written[1:].islower() and not line_of(place, setting).isupper())
        or not place.name.replace(" ", "").isalpha()
        or not (all(setting.words.is_word(part) for part in parts) or _is_loan_word(place, setting))
    ):
        return False
    if len(parts) > 1:
        # "Seventh Generation" with its capitals; of "this works" nobody knows.
        return not any(each.isupper() for each in written) and not setting.text.islower()
    return not (written.isupper() and len(written) > 1 and not line_of(place, setting).isupper())


def _is_loan_word(place: Place, setting: Setting) -> bool:
    """ "Devenir un ninja": written as a word, and one in another of the languages."""
    written = setting.text[place.start : place.end]
    is_word_like = written.islower() and not setting.text.islower() and place.name[0].isupper()
    return is_word_like and any(lexicon(each).is_word(written) for each in LANGUAGES)


def _is_meant(place: Place, certain: Sequence[Place], setting: Setting) -> bool:
    text = setting.text
    written = text[place.start : place.end]
    if _is_asked_about(place, setting):
        return True
    if text.islower():
        return _is_beside(place, certain, setting) or _is_subject(place, setting) or _is_before_model(place, setting)
    if not written[0].isupper() or _is_part_of_another(place, setting) or _is_phrase(place, setting):
        return False
    if setting.words.words("determiners"):
        return _is_name_among_nouns(place, certain, setting)
    if not _is_capital_expected(place, setting):
        return True
    return (
        _POSSESSIVE.search(written) is not None
        or _SIGNED.match(text, place.end) is not None
        or _is_subject(place, setting)
        or _is_model(place, setting)
        or _is_before_name(place, setting)
        or _is_before_product(place, setting)
        or _is_beside(place, certain, setting)
        or _is_head_among_names(place, certain, setting)
        or _is_known(place, certain, setting)
        or _is_subject_as_others(place, certain, setting)
    )


def _is_asked_about(place: Place, setting: Setting) -> bool:
    """ "Slack? Good, but …": a verdict follows."""
    text = setting.text
    begins = _OPENING.search(text[max(0, place.start - 20) : place.start]) is not None
    is_name = text[place.start].isupper() or text.islower()
    small = setting.words.words("adverbs") | setting.words.words("little")
    is_asked = begins and is_name and _QUESTION.match(text, place.end) is not None
    return is_asked and text[place.start : place.end].lower() not in small


def _is_known(place: Place, certain: Sequence[Place], setting: Setting) -> bool:
    """Whether the text means the brand elsewhere; or has it in the plural ("Keens run wide") beside other brands."""
    if any(other.brand == place.brand for other in certain):
        return folded(place.name).lower() not in setting.words.words("adverbs")
    written, name = setting.text[place.start : place.end].lower(), folded(place.name).lower()
    following = _VERB.match(setting.text, place.end)
    has_verb = following is not None and f"{following[1].lower()}s" in setting.words.words("verbs")
    return written == f"{name}s" and has_verb and bool(certain) and not {written, name} & setting.asked


def _is_phrase(place: Place, setting: Setting) -> bool:
    """ "Nothing beats", "On top": such a little word is a name where something tells it, and that is not a verb."""
    is_little = setting.text[place.start : place.end].lower() in setting.words.words("little")
    return (
        is_little
        and not (_is_model(place, setting) or _is_followed_by_name(place, setting))
        and (not setting.words.words("determiners") or not _is_subject(place, setting))
    )


def _is_before_name(place: Place, setting: Setting) -> bool:
    """ "Tile Mate is …" in a sentence: there a second capital is a name's."""
    return (
        _is_first(place, setting)
        and not _is_title(head_line(place, setting))
        and bool(_run_of_capitals(place, setting))
    )


def _is_before_product(place: Place, setting: Setting) -> bool:
    """ "Nest speakers answer …", "Method foaming soap": the kind that was asked for, or such a word as devices."""
    if setting.text[place.start : place.end].lower() in setting.asked:
        return _next_word(place.end, setting)[0] in setting.words.words("products")
    first, end = _next_word(place.end, setting)
    if first in setting.words.words("function") | setting.words.words("between"):
        return False
    second, _ = _next_word(end, setting)
    is_asked = any(word in setting.asked and len(word) > _SHORT for word in (first, second))
    return is_asked or first in setting.words.words("products")


def _next_word(start: int, setting: Setting) -> tuple[str, int]:
    following = _NEXT.match(setting.text, start)
    return (following[1].lower().rstrip(".'"), following.end()) if following else ("", start)


def _is_before_model(place: Place, setting: Setting) -> bool:
    """In a text without capitals: "shark flexstyle", "t3 aire"."""
    following = _NEXT.match(setting.text, place.end)
    word = following[1].rstrip(".'") if following else ""
    is_name = len(word) > 1 and not setting.words.is_word(word)
    return is_name or _FIGURED.match(setting.text, place.end) is not None


def _is_capital_expected(place: Place, setting: Setting) -> bool:
    """Whether an ordinary word would have a capital here too."""
    return _is_first(place, setting) or _is_title(head_line(place, setting))


def _is_first(place: Place, setting: Setting) -> bool:
    before = setting.text[max(0, place.start - 20) : place.start]
    begins_block = any(not setting.text[block.start : place.start].strip() for block in blocks_around(place, setting))
    return place.start == 0 or begins_block or _OPENING.search(before) is not None


def _is_title(line: str) -> bool:
    words = _WORDS.findall(line)
    has_capital = sum(word[0].isupper() for word in words)
    return len(words) >= _FEWEST and has_capital / len(words) >= _TITLE and "." not in line


def _is_part_of_another(place: Place, setting: Setting) -> bool:
    """ "Oura Ring": after a name that is nothing but a name, it is that one's product."""
    found = _BEFORE.search(setting.text, max(0, place.start - 30), place.start)
    if found is None or not found[1][0].isupper() or found[1].endswith((".", ":")):
        return False
    return found[1].isalpha() and not found[1].isupper() and not setting.words.is_word(found[1])


def _is_name_among_nouns(place: Place, certain: Sequence[Place], setting: Setting) -> bool:
    """In German every noun has a capital; but a name seldom has an article, unless it is a model's."""
    if _is_followed_by_name(place, setting) or any(other.brand == place.brand for other in certain):
        return True
    found = _TWO_BEFORE.search(setting.text, max(0, place.start - 60), place.start)
    before = found[0].split() if found else []
    articles = setting.words.words("determiners")
    if certain and _RANKED_NOUN.search(setting.text, max(0, place.start - 60), place.start):
        return True
    has_article = bool(before) and before[-1].lower() in articles
    has_adjective = len(before) > 1 and before[-1].islower() and before[-2].lower() in articles
    return not (has_article or has_adjective) and not _is_spoken_of_elsewhere(place, setting)


def _is_spoken_of_elsewhere(place: Place, setting: Setting) -> bool:
    """Whether a sentence begins with it where the text has it as a noun: with an article, or ending another noun."""
    if not _is_first(place, setting) or _is_before_product(place, setting):
        return False
    word = re.escape(setting.text[place.start : place.end].lower())
    articles = "|".join(setting.words.words("determiners"))
    noun = rf"\w{word}\w{{0,2}}\b|\b(?:{articles}) {word}(?![\w-])"
    return re.search(noun, setting.text, re.IGNORECASE) is not None


def _is_followed_by_name(place: Place, setting: Setting) -> bool:
    following = _NEXT.match(setting.text, place.end)
    return following is not None and (following[1][0].isupper() or following[1][0].isdigit())


def _is_subject(place: Place, setting: Setting) -> bool:
    """ "Shark makes …": a thing that can be counted would have an article."""
    aside = _ASIDE.match(setting.text, place.end)
    following = _VERB.match(setting.text, aside.end() if aside else place.end)
    if following and following[1].lower() in setting.words.words("adverbs"):
        following = _VERB.match(setting.text, following.end())
    if following is None or following[1].lower() in setting.words.words("little"):
        return False
    verb = following[1].lower()
    if verb in setting.words.words("verbs"):
        return not setting.words.pattern("not brands").match(setting.text, following.start(1))
    return setting.words.is_verb(verb, setting.text[following.end() :][:_AHEAD])


def _is_subject_as_others(place: Place, certain: Sequence[Place], setting: Setting) -> bool:
    """ "Guess leans trendy.", where other brands are named and what follows may be a verb."""
    following = _VERB.match(setting.text, place.end)
    if following is None or setting.words.language != "en" or not following[1].endswith("s"):
        return False
    name = folded(place.name).lower()
    is_verb = setting.words.pattern("not verbs").match(setting.text, following.end()) is None
    return is_verb and not {name, f"{name}s"} & setting.asked and bool(certain)


def _is_model(place: Place, setting: Setting) -> bool:
    """Whether a model's name follows: with a figure, with a word that is none, or of the kind that was asked for."""
    run = _run_of_capitals(place, setting)
    return any(
        not word.isalpha()
        or (word.isupper() and len(word) > 1)
        or word.lower() in setting.asked
        or not setting.words.is_word(word)
        for word in run
    )


def _run_of_capitals(place: Place, setting: Setting) -> list[str]:
    found: list[str] = []
    end = place.end
    while (following := _NEXT.match(setting.text, end)) and (following[1][0].isupper() or following[1][0].isdigit()):
        found.append(following[1].rstrip(".'"))
        end = following.end()
    return found


def _is_beside(place: Place, certain: Sequence[Place], setting: Setting) -> bool:
    """ "Gap and Hanes", "Bose | Ring": beside a brand that is certain, or before a word that is none."""
    join = _joins(setting.words.language)
    after = join.match(setting.text, place.end)
    if after is not None:
        word = _TOKEN.match(setting.text, after.end())
        is_name = (
            word is not None and word[0][0].isupper() and word[0].isalpha() and not setting.words.is_word(word[0])
        )
        if is_name or any(other.start == after.end() for other in certain):
            return True
    return any(
        join.fullmatch(setting.text, other.end, place.start)
        for other in certain
        if 0 < place.start - other.end <= _LONGEST_JOIN
    )


@cache
def _joins(language: str, *, with_articles: bool = False) -> re.Pattern[str]:
    """`with_articles`: "den Opel noch den Ford", where nouns have them."""
    words = lexicon(language)
    joins = "|".join(re.escape(each) for each in (*words.words("and"), ",", "vs.", "vs", "|", ">"))
    determiners = "|".join(words.words("determiners")) if with_articles else ""
    articles = rf"(?:(?:{determiners})\s+)?" if determiners else ""
    return re.compile(rf"\s*(?:{joins})\s+{articles}", re.IGNORECASE)


def _is_head_among_names(place: Place, certain: Sequence[Place], setting: Setting) -> bool:
    """An entry that begins with it, where another begins with a brand, or the brand is named besides.

    Behind a short name any will do: of "Apple Cider Vinegar Rinse" the other entries tell, if half begin with names.
    """
    if not is_head(place, setting):
        return False
    heads = [other for other in certain if is_head(other, setting)]
    if len(_run_of_capitals(place, setting)) <= 1:
        return bool(heads) or any(other.brand == place.brand for other in certain)
    return _is_beside_names(place, heads, setting)


def _is_beside_names(place: Place, heads: Sequence[Place], setting: Setting) -> bool:
    """Whether most of the other entries begin with names."""
    beside = entries_beside(place, setting)
    return 2 * sum(begins_with_name(each, heads, setting) for each in beside) > len(beside)
