"""The formats of known exports as data: what each must be, whatever its columns are."""

from workers.catalogue.formats import FORMATS
from workers.catalogue.importing.names import normalised
from workers.catalogue.kinds import KINDS

FIELDS = {kind.name: set(kind.fields) for kind in KINDS}


def test_columns_are_for_fields_of_the_kind() -> None:
    for known in FORMATS:
        assert set(known.columns) | set(known.advice) | set(known.adds_up) <= FIELDS[known.kind], known.name


def test_what_cannot_be_imported_says_so_and_nothing_else() -> None:
    for known in FORMATS:
        assert bool(known.refused) is not bool(known.columns), known.name
        if known.refused:
            assert "Send " in known.refused, known.name
            assert known.refused.endswith("."), known.name


def test_texts_make_sentences() -> None:
    for known in FORMATS:
        for skip in known.skips:
            assert skip.reason.split()[0] in ("is", "has", "was", "sold", "ends", "says"), skip.reason
            assert not skip.reason.endswith("."), known.name
        assert all(advice.endswith(".") for advice in known.advice.values()), known.name


def test_columns_are_compared_by_names_that_are_something() -> None:
    for known in FORMATS:
        named = [*known.signature, *known.columns.values(), *(skip.column for skip in known.skips)]
        for names in named:
            assert all(normalised(each) for each in ((names,) if isinstance(names, str) else names)), known.name


def test_cells_are_compared_in_lower_case() -> None:
    values = [value for known in FORMATS for skip in known.skips for value in skip.values]
    values += [value for known in FORMATS for blank in known.blanks for value in (*blank.values, *blank.only)]
    assert values == [value.casefold() for value in values]


def test_formats_are_in_the_order_of_their_names() -> None:
    names = [known.name for known in FORMATS]
    assert names == sorted(names)
