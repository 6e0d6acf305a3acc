"""A second kind of change goes the whole way: the state machine knows nothing of prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import cast
from uuid import UUID

import pytest
from django.db import transaction
from django.utils.timezone import now

from aijobs.outbound.failures import OutboundError, Uncertain
from aijobs.outbound.pace import Pace
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE, add_products, listed
from workers.catalogue.models import Product
from workers.changes import claims, settling
from workers.changes.deciding import Applied, Decision, Origin, decide
from workers.changes.kinds import KINDS
from workers.changes.kinds.base import ChangeKind, Desk, Guardrails, V
from workers.changes.kinds.price import Prices
from workers.changes.models import Change
from workers.changes.reverting import NotRevertible, revert
from workers.marketplaces import connections
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import Listing

pytestmark = pytest.mark.django_db

OLD, NEW = "Title of A", "A better title"


@dataclass
class TitleDesk:
    """A marketplace that takes titles."""

    titles: dict[str, str]
    pace: Pace = field(default_factory=lambda: Pace(60))
    # What the next write answers, after it has arrived.
    lost: list[OutboundError] = field(default_factory=list)
    writes: int = 0


@dataclass(frozen=True, slots=True)
class Titles(ChangeKind[str]):
    name = "title"
    conflict = "TITLE_CHANGED"
    switched_off = "Changes of titles are switched off."

    elsewhere: bool = True
    longest: int = 40
    refused: str | None = None
    cool_down: timedelta = timedelta(0)

    def load(self, stored: object) -> str:
        return cast("dict[str, str]", stored)["text"]

    def dump(self, value: str) -> object:
        return {"text": value}

    def current(self, product: Product, like: str) -> str:
        return str(product.title)

    def fields(self, value: str) -> Mapping[str, object]:
        return {"title": value}

    def is_elsewhere(self, connection: Connection) -> bool:
        return self.elsewhere

    def read(self, desk: Desk, listing: Listing, like: str) -> str:
        return cast("TitleDesk", desk).titles[listing.sku]

    def write(self, desk: Desk, listing: Listing, value: str) -> Sequence[str]:
        shelf = cast("TitleDesk", desk)
        shelf.titles[listing.sku] = value
        shelf.writes += 1
        if shelf.lost:
            raise shelf.lost.pop()
        return ()

    def guardrails(self, tenant_id: int) -> Guardrails[str]:
        return Guardrails(self.refused, self.cool_down, most_a_day=3, bound_refusal=self._too_long)

    def _too_long(self, product: Product, after: str) -> str | None:
        return "TOO_LONG" if len(after) > self.longest else None


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, Titles.name, Titles())


@pytest.fixture
def seller(owner: Caller) -> Caller:
    """Sells A for 10, in a shop whose desk the tests play."""
    add_products(owner, "A")
    shop: dict[str, object] = {"shop": "my-shop.myshopify.com"}
    connections.save(owner.tenant.pk, MARKETPLACE, "shopify", shop, {"access_token": "hush"})
    return owner


@pytest.fixture
def desk() -> TitleDesk:
    return TitleDesk({"A": OLD})


@pytest.fixture
def key(seller: Caller) -> int:
    """The id of the API key that asks for a revert."""
    return seller.tenant.api_keys.get().pk


def decided(seller: Caller, kind: ChangeKind[V], before: V, after: V) -> Applied:
    """By a job that is over."""
    [job_id] = engine.dispatch(seller.tenant)
    engine.complete(engine.start(job_id))
    return record(seller, job_id, kind, before, after)


def record(seller: Caller, job_id: UUID, kind: ChangeKind[V], before: V, after: V) -> Applied:
    with transaction.atomic():
        origin = Origin(seller.tenant.pk, MARKETPLACE, job_id)
        return decide(kind, origin, [Decision("A", before, after, "Because.")])


def settle(seller: Caller, desk: TitleDesk) -> int:
    """However lately it was last done."""
    Change.objects.filter(status__in=("pending", "unknown")).update(not_before=now() - engine.LONG_AGO)
    return settling.settle_due(desk, connections.get(seller.tenant.pk, MARKETPLACE))


def title() -> str:
    """In the catalogue."""
    return str(Product.objects.get().title)


def outcome() -> tuple[str, str]:
    change = Change.objects.latest("id")
    return change.status, change.detail


def test_it_is_decided_settled_and_reverted(seller: Caller, desk: TitleDesk, key: int) -> None:
    [change] = decided(seller, Titles(), OLD, NEW).changes
    assert (change.kind, change.before, change.after) == ("title", {"text": OLD}, {"text": NEW})
    assert (outcome(), title()) == (("pending", ""), OLD)
    assert settle(seller, desk) == 1
    assert (outcome(), title(), desk.titles["A"]) == (("applied", ""), NEW, NEW)
    change.refresh_from_db()
    undone = revert(change, key)
    assert (undone.status, undone.reason) == ("pending", f"This reverts the title change {change.pk}.")
    assert settle(seller, desk) == 1
    assert (outcome(), title(), desk.titles["A"]) == (("applied", ""), OLD, OLD)
    with pytest.raises(NotRevertible, match="reverted already"):
        revert(change, key)


def test_somebody_elses_title_is_left_alone_and_learned(seller: Caller, desk: TitleDesk) -> None:
    decided(seller, Titles(), OLD, NEW)
    desk.titles["A"] = "By hand"
    settle(seller, desk)
    told = f"TITLE_CHANGED: The marketplace's title is By hand, but this change was decided when it was {OLD}."
    assert outcome() == ("rejected", told)
    assert title() == desk.titles["A"] == "By hand"
    assert decided(seller, Titles(), OLD, NEW).refused == {"A": "TITLE_CHANGED"}


def test_a_write_without_an_answer_is_read_back(seller: Caller, desk: TitleDesk) -> None:
    desk.lost = [Uncertain("NO_ANSWER", "The answer was lost.")]
    decided(seller, Titles(), OLD, NEW)
    settle(seller, desk)
    assert (outcome()[0], title()) == ("unknown", OLD)
    settle(seller, desk)
    assert (outcome(), title(), desk.writes) == (("applied", ""), NEW, 1)


def test_where_it_is_the_catalogues_it_is_written_at_once(seller: Caller) -> None:
    decided(seller, Titles(elsewhere=False), OLD, NEW)
    assert (outcome(), title()) == (("applied", ""), NEW)


def test_one_is_on_its_way_at_a_time_beside_another_kind(seller: Caller) -> None:
    assert decided(seller, Titles(), OLD, NEW).refused == {}
    assert decided(seller, Titles(), OLD, "Another").refused == {"A": "CHANGE_IN_PROGRESS"}
    assert decided(seller, Prices(), Decimal(10), Decimal(9)).refused == {}


def test_a_job_changes_each_kind_once(seller: Caller, desk: TitleDesk) -> None:
    [job_id] = engine.dispatch(seller.tenant)
    engine.complete(engine.start(job_id))
    assert record(seller, job_id, Titles(), OLD, NEW).refused == {}
    assert record(seller, job_id, Prices(), Decimal(10), Decimal(9)).refused == {}
    settle(seller, desk)
    assert record(seller, job_id, Titles(), NEW, "Another").refused == {"A": "ALREADY_APPLIED"}


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        (Titles(longest=5), "TOO_LONG"),
        (Titles(refused="EDITING_DISABLED"), "EDITING_DISABLED"),
        (Titles(cool_down=timedelta(minutes=5)), "COOL_DOWN"),
    ],
)
def test_its_own_guardrails_hold(seller: Caller, kind: Titles, refusal: str) -> None:
    decided(seller, Titles(elsewhere=False), OLD, OLD)
    assert decided(seller, kind, OLD, NEW).refused == {"A": refusal}


def test_a_daily_limit_counts_each_kind_for_itself(seller: Caller) -> None:
    for _ in range(3):
        decided(seller, Titles(elsewhere=False), OLD, OLD)
    assert decided(seller, Titles(), OLD, NEW).refused == {"A": "DAILY_LIMIT"}
    assert decided(seller, Prices(), Decimal(10), Decimal(9)).refused == {}


def test_its_guardrails_hold_at_the_last_moment(
    seller: Caller, desk: TitleDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(seller, Titles(), OLD, NEW)
    monkeypatch.setitem(KINDS, Titles.name, Titles(longest=5))
    settle(seller, desk)
    assert outcome() == ("rejected", "TOO_LONG: The product's bounds have changed since this was decided.")
    assert desk.writes == 0


def test_a_later_title_is_not_lost_by_a_revert(seller: Caller, key: int) -> None:
    [change] = decided(seller, Titles(elsewhere=False), OLD, NEW).changes
    Product.objects.update(title="By hand")
    with pytest.raises(NotRevertible) as refused:
        revert(change, key)
    assert refused.value.message == f"The title is now By hand, not {NEW}. A revert would undo a later change."


def test_a_kind_that_this_release_does_not_know_waits(
    seller: Caller, desk: TitleDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(seller, Titles(), OLD, NEW)
    with monkeypatch.context() as older:
        older.delitem(KINDS, Titles.name)
        assert settle(seller, desk) == 0
        assert claims.due() == []
    assert settle(seller, desk) == 1


def test_a_kind_that_the_marketplace_does_not_take_is_rejected(seller: Caller, desk: TitleDesk) -> None:
    decided(seller, Prices(), Decimal(10), Decimal(9))
    settle(seller, desk)
    assert outcome() == ("rejected", "NO_PRICE_DESK: The service cannot write prices to this marketplace.")


def test_price_changes_of_the_api_are_of_prices_only(seller: Caller) -> None:
    [change] = decided(seller, Titles(elsewhere=False), OLD, NEW).changes
    assert listed(seller, "price-changes") == []
    path = f"/api/catalogue/price-changes/{change.pk}"
    assert seller.get(path).status_code == 404
    assert seller.post(f"{path}/revert").status_code == 404
    assert title() == NEW
