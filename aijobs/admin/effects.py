"""What jobs change outside themselves, as far as somebody says so: the domain registers who can tell."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from aijobs.models import Job


@dataclass(frozen=True, slots=True)
class Effect:
    """A table, and the address of a list that has more of it."""

    title: str
    columns: list[str]
    rows: list[list[str]]
    note: str = ""
    address: str = ""


Provider: TypeAlias = Callable[[Job], Effect | None]

# Filled at start.
_providers: list[Provider] = []


def register(provider: Provider) -> Provider:
    """Ask it for every job's page. It reads little, and answers None where there is nothing."""
    _providers.append(provider)
    return provider


def effects_of(job: Job) -> list[Effect]:
    return [effect for provider in _providers if (effect := provider(job))]
