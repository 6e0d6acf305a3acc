"""The formats of known exports as data: what each must be, whatever its columns are."""

import pytest

from workers.catalogue.formats import FORMATS
from workers.catalogue.importing.formats import Format
from workers.catalogue.importing.names import normalised
from workers.catalogue.kinds import KINDS

FIELDS = {kind.name: set(kind.fields) for kind in KINDS}


def name(known: Format) -> str:
    return known.name


@pytest.mark.parametrize("known", FORMATS, ids=name)
def test_columns_are_for_fields_of_the_kind(known: Format) -> None:
    assert set(known.columns) | set(known.advice) | set(known.adds_up) <= FIELDS[known.kind]


@pytest.mark.parametrize("known", FORMATS, ids=name)
def test_what_cannot_be_imported_says_so_and_nothing_else(known: Format) -> None:
    assert bool(known.refused) is not bool(known.columns)
    if known.refused:
        assert "Send " in known.refused
        assert known.refused.endswith(".")


@pytest.mark.parametrize("known", FORMATS, ids=name)
def test_texts_make_sentences(known: Format) -> None:
    for skip in known.skips:
        assert skip.reason.split()[0] in ("is", "has", "was", "sold", "ends", "says"), skip.reason
        assert not skip.reason.endswith(".")
    assert all(advice.endswith(".") for advice in known.advice.values())


@pytest.mark.parametrize("known", FORMATS, ids=name)
def test_columns_are_compared_by_names_that_are_something(known: Format) -> None:
    named = [*known.signature, *known.columns.values(), *(skip.column for skip in known.skips)]
    for names in named:
        assert all(normalised(each) for each in ((names,) if isinstance(names, str) else names))


def test_cells_are_compared_in_lower_case() -> None:
    values = [value for known in FORMATS for skip in known.skips for value in skip.values]
    values += [value for known in FORMATS for blank in known.blanks for value in (*blank.values, *blank.only)]
    assert values == [value.casefold() for value in values]


def test_formats_are_in_the_order_of_their_names() -> None:
    names = [known.name for known in FORMATS]
    assert names == sorted(names)
