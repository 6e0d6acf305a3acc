"""What stands between words: emoji, emoticons and "8/10" become words, and marks of sarcasm take words back.

Rules of sarcasm (a mark counts only where its sentence praises; the sentence is then read as "Not good."):
- `/s` or `#sarcasm` behind a sentence; NOT in capitals, alone behind what it takes back ("great quality... NOT!");
- "yeah right", "thanks for nothing", "so much for …", "great, just great", "oh great", and the rolling eyes emoji;
- quotation marks around one or two words of praise, where the rest of the sentence blames ('this "premium" leather
  peels').
A mark that is a sentence of its own speaks of the sentence before it.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from workers.sentiment import phrases
from workers.sentiment.tokens import words_of

_SAID = {
    "I love it": "❤♥😍🥰😘💕💖💗💓💞💝💙💚💜🧡💛🖤🤎🤍😻",
    "great": "👍👌🙌👏💯🎉🥳🤩😎💪✅✔🏆",
    "happy with it": "😀😃😄😁😆😊🙂☺😇🤗😌😺🙏",
    "delicious": "😋🤤",
    "bad": "👎❌",
    "terrible": "😡🤬😠👿😤",
    "disappointed": "😞😔😟😢☹🙁😩😫😖😣😥💔😕😒😿",
    "disgusting": "🤮🤢💩🗑",
    "okay": "😐😑🫤",
}
# Read where there is no word: beside words they may mean anything.
_SAID_ALONE = {"great": "🔥✨🌟⭐★😂🤣💥🌈😉", "disappointed": "😭😓😰🤦🙃", "okay": "🤷🤔", "bad": "🙄"}
_EMOTICONS = {
    **dict.fromkeys((":)", ":-)", ":D", ":-D", "=)", "(:"), "great"),
    **dict.fromkeys((":(", ":-(", ":'(", "=("), "disappointed"),
    "<3": "I love it",
    ">:(": "terrible",
}
_COUNTS = ("", "", "two stars", "three stars", "four stars", "five stars")

_WORDS = {emoji: said for said, all_of_them in _SAID.items() for emoji in all_of_them}
_WORDS_ALONE = {emoji: said for said, all_of_them in _SAID_ALONE.items() for emoji in all_of_them}
# Behind an emoji: what makes it a picture, a colour of skin, a joiner with the signs of the sexes.
_SUFFIX = "[\ufe0e\ufe0f\u200d\u2640\u2642\U0001f3fb-\U0001f3ff]{0,9}"
_STARS = re.compile("(?:[⭐★🌟]\ufe0f?){2,5}(?![⭐★🌟])")
_EMOJI = re.compile(f"(?:([{''.join(_WORDS)}]){_SUFFIX}){{1,50}}")
_ALL_EMOJI = re.compile(f"(?:([{''.join(_WORDS)}{''.join(_WORDS_ALONE)}]){_SUFFIX}){{1,50}}")
_EMOTICON = re.compile(rf"(?<![\w/])({'|'.join(map(re.escape, sorted(_EMOTICONS, key=len, reverse=True)))})(?!\w)")
_FACE = re.compile(r"[:=<(]")

_SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?]+(?=\s|$|[\"')])[\"')]{0,2}|\n|[.!?]+|$)")
_MARK = re.compile(
    r"""
      (?<!\w)/s(?!\w) | \#sarcasm\b
    | (?:^\s*|[.,!…-]\s*)NOT\b\s*[.!]*\s*$
    | (?i:\byeah,?\s+right\b(?!\s+(?:out|away|now|on|before|after|there)) | \bthanks\s+for\s+nothing\b
      | \bso\s+much\s+for\b(?!\s+(?:the\s+great|your|everything|all)) | \bgreat,?\s+just\s+great\b
      | ^\s*oh,?\s+(?:great|joy|goody|fantastic|wonderful|terrific)\s*[.,!])
    | 🙄
    """,
    re.VERBOSE,
)
# One of these, or NOT or quotation marks, is in every text with a mark: most texts are spared the patterns.
_HINTS = ("/s", "#sarcasm", "yeah", "for nothing", "so much for", "just great", "oh ", "oh,", "🙄")
_NOT = re.compile(r"NOT\s{0,9}(?:[.!\n]|$)")
_QUOTED = re.compile(
    r"""(?i)\b(?:this|these|that|the|their|your|such|so-called)\s+"([A-Za-z]{2,20}(?:[ -][A-Za-z]{2,20})?)"\s+\w"""
)


# "0/10", "4 out of 5 stars", by themselves or before what somebody says of them: not "3/5 of the lights".
_MARKED = re.compile(
    r"""(?<![\w/.,:-])(\d{1,2}(?:[.,]\d)?)\s?(?:/|out\sof)\s?(10|5)\b(?!\s?[/%\d])(?:\s(?:stars?|points?)\b)?
    (?=\s*(?:[.,;:!?)\n]|$)|\s(?:[-–—]|(?:would|will|wont|won't|wouldn't|i|do|don't|not|never|recommend|highly|for|from|but|because
    |and|it|it's|this|great|good|bad|very|so|product|quality)\b))
    (?:,?\s?(would\s(?:buy|recommend|order|purchase|use)(?:\s(?:again|it|this))*))?""",
    re.VERBOSE | re.IGNORECASE,
)
# "Ordered 2/5, arrived on 2/10" are days.
_DATED = re.compile(
    r"\b(?:on|by|since|until|till|before|after|from|through|of|date|dated|(?:arriv|order|deliver|receiv|ship|purchas|return)\w*"
    r"|came|bought|got|size|(?:\d{1,2}/\d{1,2}\W*(?:and|to)?))\W*\Z",
    re.IGNORECASE,
)
# Up to which share of all points, in words.
_MARKS = ((0.25, "terrible"), (0.45, "bad"), (0.65, "okay"), (0.85, "good"), (2, "great"))
_GOOD = 0.65


class Sentence(NamedTuple):
    """A half-open range of the plain text."""

    start: int
    end: int


def spoken(text: str, sarcastic: list[Sentence]) -> str:
    """Plain text with emoji and emoticons as words, and its sarcastic sentences read as not good."""
    for sentence in reversed(sarcastic):
        text = f"{text[: sentence.start]} Not good. {text[sentence.end :]}"
    if not text.isascii():
        text = _STARS.sub(lambda match: f" {_COUNTS[sum(each in '⭐★🌟' for each in match[0])]}. ", text)
        text = _in_words(text)
    return _EMOTICON.sub(lambda match: f". {_EMOTICONS[match[1]]}.", text) if _FACE.search(text) else text


def graded(text: str) -> str:
    """With marks in figures as words: "0/10 would buy again" is terrible."""
    return _MARKED.sub(_graded, text) if "/" in text or "out of" in text else text


def _graded(found: re.Match[str]) -> str:
    share = float(found[1].replace(",", ".")) / float(found[2])
    said = next((word for most, word in _MARKS if share <= most), None)
    if said is None or _DATED.search(found.string[max(0, found.start() - 20) : found.start()]):
        return found[0]
    # Who would buy again what is bad does not mean it.
    behind = f" {found[3]}" if found[3] and share > _GOOD else ""
    is_ended = not behind and found.string[found.end() : found.end() + 1] in set(".,;:!?)")
    return said if is_ended else f"{said}.{behind}"


def _in_words(text: str) -> str:
    if any(letter.isalnum() for letter in text):
        return _EMOJI.sub(lambda match: f" {_WORDS[match[1]]}. ", text)
    return _ALL_EMOJI.sub(lambda match: f" {(_WORDS | _WORDS_ALONE)[match[1]]}. ", text).strip()


def sarcastic_sentences(text: str) -> list[Sentence]:
    """The sentences that mean the other way round, in the order of the text."""
    lower = text.lower()
    if not (any(hint in lower for hint in _HINTS) or _NOT.search(text) or ('"' in text and _QUOTED.search(text))):
        return []
    found: list[Sentence] = []
    before: Sentence | None = None
    for sentence in _sentences(text):
        written = text[sentence.start : sentence.end]
        if _is_marked(written):
            meant = sentence if before is None or _praises(_MARK.sub(" ", written)) else before
            if _praises(text[meant.start : meant.end]) and meant not in found[-1:]:
                found.append(meant)
        before = sentence
    return found


def _sentences(text: str) -> Iterator[Sentence]:
    for match in _SENTENCE.finditer(text):
        if match.end() > match.start() and not match[0].isspace():
            yield Sentence(match.start(), match.end())


def _is_marked(sentence: str) -> bool:
    if _MARK.search(sentence):
        return True
    if not (quoted := _QUOTED.search(sentence)):
        return False
    return _praises(quoted[1]) and _only_blames(sentence.replace(quoted[1], " "))


def _only_blames(text: str) -> bool:
    words = words_of(text)
    blames = any(found.section.endswith("-") for found in phrases.load("aspects.txt").find(words))
    return (blames or any(found.section == "-" for found in _opinions(text))) and not _praises(text)


def _praises(text: str) -> bool:
    return any(found.section == "+" for found in _opinions(text))


def _opinions(text: str) -> list[phrases.Found]:
    return list(phrases.load("opinions.txt").find(words_of(text)))
