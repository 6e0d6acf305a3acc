"""The contract as it was published: its examples, its tables, its polling client.

`ai-jobs-api.txt` is a copy of the document, letter by letter.
"""

import json
from itertools import takewhile
from pathlib import Path
from typing import Any

from tests.aijobs.api.answers import BATCH_ID, JOB_ID, MOMENT

COPY = Path(__file__).with_name("ai-jobs-api.txt")
TEXT = COPY.read_text()
FORMS = {"job": JOB_ID, "batch": BATCH_ID, "moment": MOMENT}


def behind(*marks: str) -> str:
    """The text behind these words, each looked for behind the one before."""
    text = TEXT
    for mark in marks:
        _, found, text = text.partition(mark)
        assert found, mark
    return text


def example(*marks: str) -> Any:
    """The JSON that begins there. Some of it is glued to what follows."""
    return json.JSONDecoder().raw_decode(behind(*marks).lstrip())[0]


def table(*marks: str) -> list[list[str]]:
    """The rows of the first table there."""
    rows = behind(*marks, "|---|").splitlines()[1:]
    return [[cell.strip() for cell in row.strip("| ").split("|")] for row in takewhile(lambda row: "|" in row, rows)]


def assert_as_shown(shown: Any, real: Any, where: str = "") -> None:
    """Every field of the document's example is there, in the form that it has there. There may be more of them."""
    if isinstance(shown, dict):
        assert shown.keys() <= real.keys(), where
        for name, value in shown.items():
            assert_as_shown(value, real[name], f"{where}.{name}")
    elif isinstance(shown, list):
        assert isinstance(real, list), where
        for each in real:
            assert_as_shown(shown[0], each, f"{where}[]")
    else:
        assert _form_shown(shown) == _form_of(real), (where, shown, real)


def _form_shown(value: object) -> str:
    """The document's own IDs are too short to be some: job_01HX..."""
    prefix = value.partition("_")[0] if isinstance(value, str) else ""
    return prefix if prefix in FORMS else _form_of(value)


def _form_of(value: object) -> str:
    """What a value is: an ID, a moment, another text, a truth value or a number."""
    if isinstance(value, str):
        return next((form for form, pattern in FORMS.items() if pattern.fullmatch(value)), "text")
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
