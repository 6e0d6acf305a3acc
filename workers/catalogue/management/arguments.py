"""Forms of arguments that several commands take."""

from argparse import ArgumentTypeError
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError

from workers.catalogue.files import time_zone
from workers.catalogue.models import MARKETPLACE


def marketplace(text: str) -> str:
    try:
        MARKETPLACE(text)
    except ValidationError as error:
        raise ArgumentTypeError(f"{text!r} is not a marketplace's name. {error.message}") from None
    return text


def zone(text: str) -> ZoneInfo:
    try:
        return time_zone(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a time zone. Use a name such as Europe/Berlin.") from None
