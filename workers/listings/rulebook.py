"""The rules of marketplaces, read from the files in workers/listings/rules: each says where it comes from."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from workers.listings.shapes import Field, Severity

_FOLDER = Path(__file__).parent / "rules"
NEUTRAL = "neutral"

Check = Literal[
    "characters_at_most",
    "characters_at_least",
    "bytes_at_most",
    "entries_at_most",
    "entries_at_least",
    "forbidden_characters",
    "word_repeated",
    "capitals",
    "phrases",
    "markup",
    "contact",
    "decoration",
    "hidden_characters",
    "product_codes",
    "brand",
    "commas",
    "small_first_letter",
    "placeholder",
    "active_content",
    "missing",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule for some fields. `limit` is the number, `values` the characters, tags or lists of phrases that it has.

    `source` names the document, and `seen` the day on which it was read. A rule spares categories that have one of
    the words `except_for`.
    """

    name: str
    check: Check
    fields: tuple[Field, ...]
    severity: Severity
    source: str
    seen: str
    limit: int = 0
    values: tuple[str, ...] = ()
    except_for: tuple[str, ...] = ()

    def spares(self, category: str) -> bool:
        if not self.except_for:
            return False
        return not set(self.except_for).isdisjoint(re.findall(r"\w{1,40}", category[:1_000].lower()))


@dataclass(frozen=True, slots=True)
class Rules:
    """A marketplace's rules, and the fields that its listings have."""

    name: str
    fields: tuple[Field, ...]
    # What makes a listing complete: texts of these lengths, and how many bullets, pictures and attributes.
    complete: Mapping[str, int]
    rules: tuple[Rule, ...]

    def limit(self, field: Field, check: Check, default: int) -> int:
        """The strictest limit that a check sets for a field."""
        limits = [rule.limit for rule in self.rules if rule.check == check and field in rule.fields]
        return min(limits, default=default)

    def check_of(self, name: str) -> Check:
        """What the rule of this name looks at."""
        return next(rule.check for rule in self.rules if rule.name == name)


def rules_of(marketplace: str) -> Rules:
    """The rules for a marketplace's name or a connector's: amazon_de and amazon are Amazon's.

    What no file is named for gets the neutral set: what is common to the others, without their limits.
    """
    name, _, country = marketplace.lower().partition("_")
    return _read(name, country) if name in _names() else _read(NEUTRAL, "")


@cache
def _names() -> frozenset[str]:
    return frozenset(path.stem for path in _FOLDER.glob("*.toml"))


@cache
def _read(name: str, country: str) -> Rules:
    read = _file(name)
    fields = cast("tuple[Field, ...]", tuple(read["fields"]))
    rules = (_rule(rule, read["sources"]) for rule in read["rule"] if _holds_in(country, rule))
    return Rules(name, fields, read["complete"], tuple(rules))


@cache
def _file(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))


def _holds_in(country: str, rule: Mapping[str, Any]) -> bool:
    """A rule may be for some countries' stores only, or for all but some."""
    return country in rule.get("only_in", [country]) and country not in rule.get("except_in", [])


def _rule(read: Mapping[str, Any], sources: Mapping[str, Mapping[str, str]]) -> Rule:
    source = sources[read["source"]]
    return Rule(
        name=read["name"],
        check=read["check"],
        fields=tuple(read["fields"]),
        severity=read["severity"],
        source=source["title"],
        seen=source["seen"],
        limit=read.get("limit", 0),
        values=tuple(read.get("values", ())),
        except_for=tuple(read.get("except_for", ())),
    )
