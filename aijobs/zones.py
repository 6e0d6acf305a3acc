"""Time zones by their names: only those of the IANA database, and none that depends on the machine."""

import logging
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

logger = logging.getLogger(__name__)

# Files beside the zones: what this machine is set to, what is not set to anything, and the rules of old TZ variables.
NO_ZONES = frozenset({"localtime", "Factory", "posixrules"})
UNKNOWN = "is not a time zone. Use a name such as Europe/Berlin."


@cache
def names() -> frozenset[str]:
    """Read once a process: there are six hundred files."""
    return frozenset(available_timezones() - NO_ZONES)


def find(name: str) -> ZoneInfo | None:
    """The zone of that name. A stored one may be gone: distributions rename zones, and leave old names out."""
    return ZoneInfo(name) if name in names() else None


def find_or_utc(name: str) -> ZoneInfo:
    """For what has to be read all the same."""
    found = find(name)
    if found is None:
        logger.warning("there is no time zone %r on this machine any more: UTC is used instead", name)
    return found or ZoneInfo("UTC")
