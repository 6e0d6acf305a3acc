"""What of an answer is its own words: not markup, code, addresses, nor the question that it repeats.

Everything is blanked in place, so that a place in the masked text is the same place in the answer.
"""

import re

from rapidfuzz import fuzz

from workers.visibility.folding import folded
from workers.visibility.lexicons import Lexicon

# No repetition may begin at each place of a text and run to its end: answers may be hostile.
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# Of HTML, what begins a line, an entry, a heading, a row and a cell. A row of headers gets a rule below it.
_HEADERS = re.compile(r"(<tr[^<>]{0,80}>\s{0,20}<th\b(?:(?!</?tr\b).){0,2000})</tr>", re.IGNORECASE | re.DOTALL)
_PARTS = re.compile(r"<(li|h[1-6]|p|div|tr|t[dh])\b[^<>\n]{0,200}>|</(?:li|p|div|h[1-6])>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,200}>")
_CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]{0,200}[(){}=;/_][^`\n]{0,200}`", re.DOTALL)
_TOP_LEVEL = "com|net|org|info|biz|shop|store|io|co|ai|app|eu|uk|us|ca|au|in|jp|de|at|ch|fr|be|es|it|nl|pl|se|dk|mx"
_ADDRESS = re.compile(
    r"https?://[^\s<>()\[\]]+|www\.[^\s<>()\[\]]+|(?<=\]\()[^\s)]+"
    rf"|[\w.+-]{{0,64}}@[\w-]+(?:\.[\w-]+)+|(?<![\w.-])(?:[\w-]+\.)+(?:{_TOP_LEVEL})(?![\w-]|\.\w)(?:/[^\s<>()\[\]]*)?"
)
# "[2]: Sony vs. Bose, rtings.com": the title of a source.
_REFERENCE = re.compile(
    r"^[ \t]*(?:[-*] )?\[\^?\d{1,3}\]:?[ \t][^\n]*$|^[ \t]*\[\^?[\w-]{1,20}\]:[^\n]*$", re.MULTILINE
)
_EMPHASIS = re.compile(r"[*_`]+")
# A sentence, a quoted passage, or a line: what may repeat the question.
_PASSAGE = re.compile(
    r"[\"“„«]([^\"”“»\n]{8,400})[\"”“»]|([^.!?\n]{8,400}\?)|^[>#* \t]*([^\n]{8,400})$", re.MULTILINE
)
_INDIRECT = re.compile(r"[^.!?\n]+")
# How alike a passage and the question are, of 100, in words and in whichever order.
_SAME, _ALMOST = 85, 95
# How much of the question "You want to know whether …" has to repeat.
_MOST = 60


def unmarked(answer: str) -> str:
    """Without HTML, of the same length: its lines, entries, headings and tables are as Markdown's."""
    broken = _BREAK.sub(lambda found: "\n" + " " * (len(found.group()) - 1), answer)
    ruled = _HEADERS.sub(lambda found: f"{found[1]}\n|-|\n", broken)
    return _TAG.sub(_blank, _PARTS.sub(_part, ruled))


def _part(found: re.Match[str]) -> str:
    name = (found[1] or "").lower()
    begins = "-" if name == "li" else "##" if name.startswith("h") else ""
    mark = "|" if name in ("td", "th") else f"\n{begins}"
    return mark + " " * (len(found.group()) - len(mark))


def own_words(text: str, question: str, words: Lexicon) -> str:
    """The text without what the answer does not say itself."""
    kept = _ADDRESS.sub(_blank, _REFERENCE.sub(_blank, _CODE.sub(_blank, text)))
    return _EMPHASIS.sub(_blank, _without_question(kept, _plain(question), words))


def _without_question(text: str, question: str, words: Lexicon) -> str:
    if not question:
        return text
    text = _PASSAGE.sub(lambda found: _blank(found) if _repeats(found, question) else found.group(), text)
    beginning = _INDIRECT.search(text)
    if beginning is None or not words.pattern("asked").search(folded(beginning.group())):
        return text
    is_question = fuzz.token_set_ratio(_plain(beginning.group()), question) >= _MOST
    return text[: beginning.start()] + _blank(beginning) + text[beginning.end() :] if is_question else text


def _repeats(found: re.Match[str], question: str) -> bool:
    quoted, asked, line = found.groups()
    passage = _plain(quoted or asked or line)
    return fuzz.token_sort_ratio(passage, question) >= (_ALMOST if line else _SAME)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", folded(text).lower()))


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found.group())
