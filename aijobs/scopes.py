"""What an API key may do: one list, to which every app adds its own scopes when Django starts."""

from collections.abc import Iterable

ANY_READ = "*:read"
"""Of an endpoint: every scope that ends in :read will do. No key holds it."""

_KNOWN: dict[str, str] = {}


class UnknownScope(ValueError):
    """A text that no app knows as a scope. Its message says which, and what there is instead."""


def add(scope: str, description: str) -> None:
    """Make a scope known: `name:read` or `name:write`, and in a sentence what it allows."""
    name, _, access = scope.partition(":")
    if not name or access not in ("read", "write") or scope in _KNOWN:
        raise ValueError(f"{scope!r} cannot be added: a scope is name:read or name:write, and added once")
    _KNOWN[scope] = description


def known() -> dict[str, str]:
    """Every scope with its description, in alphabetical order."""
    return dict(sorted(_KNOWN.items()))


def in_words(required: str) -> str:
    """What an endpoint requires, in Markdown."""
    return "`ai-jobs:read`, or any other read scope" if required == ANY_READ else f"`{required}`"


def lacking(required: str) -> str:
    """What is said to a key without it."""
    shown = "ai-jobs:read scope (any other read scope will do too)" if required == ANY_READ else f"{required} scope"
    return f"The API key lacks the {shown}. Use a key that has it."


def require_known(scopes: Iterable[str]) -> None:
    """Raises UnknownScope for the first that is none: a misspelt one would be a key that can do nothing."""
    for scope in scopes:
        if scope not in _KNOWN:
            raise UnknownScope(f"{scope!r} is not a valid scope. The scopes are {', '.join(known())}.")


def grants(held: frozenset[str], required: str) -> bool:
    """Whether a key with these scopes may call what requires that one."""
    if required == ANY_READ:
        return any(scope.endswith(":read") for scope in held)
    return required in held
