"""Whether an answer is none: a refusal in plain words, with nothing behind it that a shopper could go by."""

import re
from collections.abc import Sequence

from workers.visibility.folding import folded
from workers.visibility.lexicons import Lexicon, language_of, lexicon

# Who refuses, adds a reason, an apology and an offer; whoever writes more says something.
LONGEST = 600
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LISTED = re.compile(r"^\s*(?:[-*+•|#]|\d+[.)])|https?://", re.MULTILINE)


def is_declined(text: str, language: str) -> bool:
    """Every sentence refuses, apologises, gives a reason or offers something else, and one of them refuses.

    In doubt it is an answer: a sentence of any other kind, a list, or a name that is not a word.
    """
    if len(text) > LONGEST or _LISTED.search(text):
        return False
    plain = folded(text)
    sentences = [each.strip() for each in _SENTENCE.findall(plain) if _WORD.search(each)]
    # A few words do not always tell their language, and an assistant may refuse in English whatever it is asked in.
    return any(_is_declined(sentences, lexicon(each)) for each in {language, language_of(text, language), "en"})


def _is_declined(sentences: Sequence[str], words: Lexicon) -> bool:
    refused = [words.pattern("declined").search(each) is not None for each in sentences]
    return (
        any(refused)
        and all(is_refused or _is_around(each, words) for is_refused, each in zip(refused, sentences, strict=True))
        and not any(_says_more(each, words) for each in sentences)
    )


def _is_around(sentence: str, words: Lexicon) -> bool:
    return words.pattern("around refusals").search(sentence) is not None


def _says_more(sentence: str, words: Lexicon) -> bool:
    """Whether it goes on after a "but" with something that does not refuse, or names what is not a word."""
    part = words.pattern("declined but").split(sentence)[-1]
    is_all_of_one = words.pattern("declined").search(part) or _is_around(part, words)
    return not is_all_of_one or any(_is_name(word, words) for word in _WORD.findall(sentence)[1:])


def _is_name(word: str, words: Lexicon) -> bool:
    return word[0].isupper() and not words.is_word(word) and word.lower() not in words.words("who refuses")
