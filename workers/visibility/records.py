"""Answers in JSON, turned into lists in place: a reader takes them for what they are."""

import json
import re

_FENCED = re.compile(r"```(?:json\w*)?[ \t]*\n(\s*[\[{].*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
# Objects without others inside; texts in lists that are in no object.
_OBJECT = re.compile(r"\{(?:[^{}\[\]]|\[[^{}\[\]]*\])*\}")
_LISTED = re.compile(r'[\[,]\s*"((?:[^"\\]|\\.)*)"(?=\s*[,\]])')
_VALUE = re.compile(r'[\[,:]\s*"((?:[^"\\]|\\.)*)"(?=\s*[,\]}])')
_RANK = re.compile(
    r'"(?:rank\w*|position|place|platz|rang|puesto|posicion|#)"\s*:\s*"?(\d{1,2})"?\s*[,}]', re.IGNORECASE
)


def as_lists(answer: str) -> str:
    """The same text, of the same length, with an entry of a list for each object or text of its JSON."""
    for found in _FENCED.finditer(answer):
        # Behind an answer in words it is code, whoever wrote it there.
        if answer[: found.start()].rstrip()[-1:] in ("", ":") and _is_json(found[1]):
            # The marks of the code go too: what is inside is not code.
            whole = " " * (found.start(1) - found.start()) + _list_of(found[1]) + " " * (found.end() - found.end(1))
            answer = answer[: found.start()] + whole + answer[found.end() :]
    return _list_of(answer) if answer.lstrip()[:1] in ("[", "{") and _is_json(answer) else answer


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _list_of(text: str) -> str:
    shown = [" "] * len(text)
    objects = list(_OBJECT.finditer(text))
    for found in objects:
        rank = _RANK.search(found.group())
        _write(shown, found.start(), "\n" + (f"{rank[1]}. " if rank else "- "))
        values = list(_VALUE.finditer(text, found.start(), found.end()))
        for value in values:
            _write(shown, value.start(1), value[1] + ("," if value is not values[-1] else ""))
    outside = _OBJECT.sub(lambda found: " " * len(found.group()), text)
    for found in _LISTED.finditer(outside):
        _write(shown, max(0, found.start() - 1), "\n-" if found.start() else "-")
        _write(shown, found.start(1), found[1])
    return "".join(shown)


def _write(shown: list[str], at: int, text: str) -> None:
    shown[at : at + len(text)] = text
