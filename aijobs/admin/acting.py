"""Acting on chosen rows: each through the function that the API calls, each told of, each in the audit."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from aijobs.admin.base import ReadOnlyAdmin
from aijobs.errors import ApiError

# Refusals that an action spells out; a message is no report.
SHOWN_REFUSALS = 20


class ActingAdmin(ReadOnlyAdmin):
    """Rows that only the lifecycle writes, on which staff act."""

    def act_on_each(
        self, request: HttpRequest, rows: QuerySet[Any], act: Callable[[Any], object], done: str, do: str
    ) -> None:
        """Act on each row, and say how many were `done` ("cancelled"), and why it did not `do` so with the others.

        What `act` returns is a remark for the audit.
        """
        number = 0
        refusals: list[tuple[str, str]] = []
        for row in rows:
            try:
                remark = act(row)
            except ApiError as error:
                refusals.append((row.public_id, error.message))
            else:
                number += 1
                self.log_change(request, row, f"{_alone(done)}{f': {remark}' if remark else ''}.")
        told = f"The service {done} {number} of the selected {self.opts.verbose_name_plural}."
        self.message_user(request, told, messages.SUCCESS if number else messages.INFO)
        if refusals:
            self.message_user(request, _refused(refusals, do), messages.WARNING)


def _alone(done: str) -> str:
    """For the audit, whose entry names the row: "set the priority to high for" is "Set the priority to high"."""
    return done.removesuffix(" for").capitalize()


def _refused(refusals: list[tuple[str, str]], do: str) -> SafeString:
    shown = format_html_join("", "<br>{}: {}", refusals[:SHOWN_REFUSALS])
    more = len(refusals) - SHOWN_REFUSALS
    rest = f" … and {more} more" if more > 0 else ""
    return format_html("The service did not {} {} of them:{}{}", do, len(refusals), shown, rest)
