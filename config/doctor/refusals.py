"""All settings that are refused: who mends the first one wants to know of the others, too."""

import os
import re
import runpy
from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured

NAME = re.compile(r"[A-Z][A-Z0-9_]+")
# It makes others required: unset only where nothing else is named.
LAST = "AIJOBS_PRODUCTION"


def others_than(first: str) -> Iterator[str]:
    """What is refused besides: the settings are read again without the variable that the one before has named."""
    before, unset = dict(os.environ), set[str]()
    try:
        refusal: str | None = first
        while refusal and (name := _named(refusal)):
            unset.add(name)
            del os.environ[name]
            refusal = _refusal()
            # What is missed only because it was unset here is no mistake of the operator's.
            if refusal and not unset & set(NAME.findall(refusal)):
                yield refusal
    finally:
        os.environ.clear()
        os.environ.update(before)


def _named(refusal: str) -> str | None:
    """The variable that it is about, of those that are set."""
    names = [name for name in NAME.findall(refusal) if name in os.environ]
    return min(names, key=lambda name: name == LAST, default=None)


def _refusal() -> str | None:
    try:
        runpy.run_module("config.settings")
    except ImproperlyConfigured as error:
        return str(error)
    return None
