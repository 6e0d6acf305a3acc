"""Whether a date that a page names is ahead, or over: of shops all around the world."""

from datetime import UTC, datetime, timedelta

from django.utils.timezone import now

_DATE_ONLY = len("2026-03-12")
# A date without a zone begins so much earlier in one place, and ends so much later in another, than in UTC.
_ZONES = timedelta(hours=14)
# How some shop systems write that there is none: the first year that their calendar has.
_NO_YEAR = 1
# 9999-12-31 is how they write "for ever". A day more than that is no date.
_LATEST = datetime(9999, 12, 1, tzinfo=UTC)


def is_ahead(text: str) -> bool:
    """False where that is not a date."""
    moment = _moment(text)
    return moment is not None and now() < moment - (_ZONES if _without_zone(text) else timedelta())


def is_over(text: str) -> bool:
    """False where that is not a date. A date is over when its day is."""
    moment = _moment(text)
    if moment is None:
        return False
    day = timedelta(days=1) if len(text.strip()) == _DATE_ONLY else timedelta()
    return now() > moment + day + (_ZONES if _without_zone(text) else timedelta())


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip())
        moment = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return None if moment.year == _NO_YEAR else min(moment, _LATEST)


def _without_zone(text: str) -> bool:
    return datetime.fromisoformat(text.strip()).tzinfo is None
