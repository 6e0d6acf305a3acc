"""Query parameters. A bad value is 422, and so is a parameter that nobody knows."""

from django.http import QueryDict

from aijobs.errors import FieldError, InvalidFilter


def invalid(path: str, message: str) -> InvalidFilter:
    return InvalidFilter(details=[{"path": path, "message": message}])


def no_parameters(query: QueryDict) -> None:
    """Refuse all parameters: everywhere, as a misspelt one would do nothing without a word. Raises InvalidFilter."""
    check_names(query, set())


def flag(query: QueryDict, name: str) -> bool:
    """Raises InvalidFilter."""
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise invalid(name, "must be true or false")
    return text == "true"


def check_names(query: QueryDict, known: set[str], several: tuple[str, ...] = ()) -> None:
    """Refuse parameters that nobody knows, and those given twice that take one value. Raises InvalidFilter."""
    errors: list[FieldError] = []
    for name, values in query.lists():
        if name not in known:
            here = f"use {', '.join(sorted(known))}" if known else "this endpoint has none"
            errors.append({"path": name, "message": f"is not a parameter here; {here}"})
        elif len(values) > 1 and name not in several:
            errors.append({"path": name, "message": "must be given only once"})
    if errors:
        raise InvalidFilter(details=errors)
