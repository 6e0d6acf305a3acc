"""The rules of marketplaces, read from the files in workers/listings/rules: each says where it comes from."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

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
    "missing",
]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule for some fields. `limit` is the number, `values` the characters, tags or lists of phrases that it has.

    `source` names the document, and `seen` the day on which it was read.
    """

    name: str
    check: Check
    fields: tuple[Field, ...]
    severity: Severity
    source: str
    seen: str
    limit: int = 0
    values: tuple[str, ...] = ()


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


def rules_of(marketplace: str) -> Rules:
    """The rules for a marketplace's name or a connector's: amazon_de and amazon are Amazon's.

    What no file is named for gets the neutral set: what is common to the others, without their limits.
    """
    name = marketplace.lower().partition("_")[0]
    return _read(name if name in _names() else NEUTRAL)


@cache
def _names() -> frozenset[str]:
    return frozenset(path.stem for path in _FOLDER.glob("*.toml"))


@cache
def _read(name: str) -> Rules:
    read = tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))
    sources = read["sources"]
    fields = cast("tuple[Field, ...]", tuple(read["fields"]))
    return Rules(name, fields, read["complete"], tuple(_rule(rule, sources) for rule in read["rule"]))


def _rule(read: dict[str, object], sources: dict[str, dict[str, str]]) -> Rule:
    source = sources[str(read["source"])]
    return Rule(
        name=str(read["name"]),
        check=cast("Check", read["check"]),
        fields=cast("tuple[Field, ...]", tuple(cast("list[str]", read["fields"]))),
        severity=cast("Severity", read["severity"]),
        source=source["title"],
        seen=source["seen"],
        limit=cast("int", read.get("limit", 0)),
        values=tuple(cast("list[str]", read.get("values", []))),
    )
