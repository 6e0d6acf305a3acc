"""The log of events as it is asked for: from where on, which of them, and a page of it.

Both who answers pages and who streams read requests with this, so that a place in one is a place in the other.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.http.request import MediaType

from aijobs import events, zones
from aijobs.api.job_filters import read_filter
from aijobs.api.wire.accepting import media_types
from aijobs.api.wire.filters import check_names, invalid
from aijobs.api.wire.pagination import cursor_of, encode_cursor, limit_of, link_to
from aijobs.auth import TenantAccess
from aijobs.errors import InvalidFilter, JobNotFound
from aijobs.events import START, Position
from aijobs.filtering import JobFilter
from aijobs.models import Job
from aijobs.states import TERMINAL

JSON = "application/json"
STREAM = "text/event-stream"
# The header with which a browser says what it has got.
LAST_EVENT_ID = "Last-Event-ID"
PLACE = "starting_after"
# On a page they mean the same.
PLACES = (PLACE, "cursor")
LARGEST_SEQ = 2**31 - 1
_SECONDS = re.compile(r"[0-9]{1,2}(\.[0-9]{1,20})?(e-[0-9]{1,2})?", re.ASCII)
DEFAULT_TIMEOUT = 30
LONGEST_TIMEOUT = 60


def wants_pages(accept: str) -> bool:
    """Whether a request would rather have JSON than a stream, which is what it gets if both are the same to it."""
    ranges = media_types(accept.lower())
    return _wish(ranges, JSON) > _wish(ranges, STREAM)


def _wish(accepted: Sequence[MediaType], media_type: str) -> tuple[float, int]:
    """How much it is wanted, and how exactly it is named, which decides about what is wanted as much."""
    names = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    found = {f"{each.main_type}/{each.sub_type}".strip(): each.quality for each in accepted}
    exactness = max((index for index, name in enumerate(names) if name in found), default=0)
    quality = found.get(names[exactness], 0)
    return (quality, exactness) if quality else (0, 0)


class Standing(NamedTuple):
    """How many events a job has, and whether it is over."""

    seq: int
    is_over: bool


def standing_of(tenant: TenantAccess, job_id: UUID) -> Standing:
    """Raises JobNotFound."""
    try:
        return standings_of([(tenant.id, job_id)])[tenant.id, job_id]
    except KeyError:
        raise JobNotFound() from None


def standings_of(wanted: Collection[tuple[int, UUID]]) -> dict[tuple[int, UUID], Standing]:
    """Of the jobs that there are, by tenant and job."""
    tenants, jobs = ({*each} for each in zip(*wanted, strict=True))
    rows = Job.objects.filter(tenant_id__in=tenants, id__in=jobs)
    found = rows.values_list("tenant_id", "id", "event_seq", "status")
    return {(tenant, job): Standing(seq, status in TERMINAL) for tenant, job, seq, status in found}


def seq_of(name: str, text: str) -> int:
    """Raises InvalidFilter."""
    if text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_SEQ)) and int(text) <= LARGEST_SEQ:
        return int(text)
    raise invalid(name, "must be the seq of an event, a whole number")


def position_of(name: str, text: str) -> Position:
    """Raises InvalidFilter."""
    position = Position.from_token(text)
    if position is None or not events.is_possible(position):
        raise invalid(
            name, "must be a position that this service has given, as an event's id in a stream or `position`"
        )
    return position


def place_in_job(query: QueryDict, last_event_id: str | None) -> int:
    """From where on a job's events are wanted. Raises InvalidFilter."""
    check_names(query, {PLACE, "ticket"})
    if last_event_id:
        return seq_of(LAST_EVENT_ID, last_event_id)
    return 0 if (text := query.get(PLACE)) is None else seq_of(PLACE, text)


def place_in_tenant(query: QueryDict, zone: ZoneInfo, last_event_id: str | None) -> tuple[Position, JobFilter]:
    """From where on a tenant's events are wanted, which is now if it is not said; and which. Raises InvalidFilter."""
    wanted = read_filter(query, {PLACE, "ticket"}, zone)
    if last_event_id:
        return position_of(LAST_EVENT_ID, last_event_id), wanted
    return events.present() if (text := query.get(PLACE)) is None else position_of(PLACE, text), wanted


def wait_of(query: QueryDict) -> tuple[float, int]:
    """For how many seconds to wait, and beyond which event: that of the end at the latest. Raises InvalidFilter."""
    check_names(query, {"timeout", "seq", "ticket"})
    text = query.get("timeout", str(DEFAULT_TIMEOUT))
    if not (_SECONDS.fullmatch(text) and float(text) <= LONGEST_TIMEOUT):
        raise invalid("timeout", f"must be a number of seconds from 0 to {LONGEST_TIMEOUT}")
    return float(text), seq_of("seq", query.get("seq", str(LARGEST_SEQ)))


def job_page(tenant: TenantAccess, job_id: UUID, query: QueryDict) -> dict[str, object]:
    """The events of a job that follow. Raises InvalidFilter and JobNotFound."""
    check_names(query, {*PLACES, "limit", "ticket"})
    name, text = _place(query)
    after, most = 0 if text is None else seq_of(name, text), limit_of(query)
    standing_of(tenant, job_id)
    found = events.of_job(tenant.id, job_id, after, most + 1)
    shown = [each.shown for each in found[:most]]
    last = found[:most][-1].seq if found else after
    return _page(shown, str(last), more=len(found) > most) | {"position": last}


def tenant_page(tenant: TenantAccess, query: QueryDict) -> dict[str, object]:
    """The events of a tenant's jobs that follow, from the oldest that is kept. Raises InvalidFilter."""
    wanted = read_filter(query, {*PLACES, "limit", "ticket"}, zones.find_or_utc(tenant.timezone))
    name, text = _place(query)
    after, most = START if text is None else position_of(name, text), limit_of(query)
    page = events.of_tenant(tenant.id, after, most, wanted)
    token = page.position.token
    return _page([each.shown for each in page.events], token, more=page.more) | {"position": token}


def headers_of(page: Mapping[str, Any], path: str, query: QueryDict) -> dict[str, str]:
    """The header of a page that names the next one."""
    cursor = page["pagination"]["next_cursor"]
    if cursor is None:
        return {}
    following = query.copy()
    # A page goes on from one of the two.
    following.pop(PLACE, None)
    return link_to(path, following, cursor)


def _place(query: QueryDict) -> tuple[str, str | None]:
    """The parameter that says from where on, and what it says."""
    if all(name in query for name in PLACES):
        raise InvalidFilter(details=[{"path": PLACE, "message": "must not be given together with cursor"}])
    return ("cursor", cursor_of(query)) if "cursor" in query else (PLACE, query.get(PLACE))


def _page(shown: list[dict[str, object]], key: str, *, more: bool) -> dict[str, object]:
    return {"data": shown, "pagination": {"next_cursor": encode_cursor(key) if more else None, "has_more": more}}
