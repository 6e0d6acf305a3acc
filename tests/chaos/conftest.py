"""Chaos tests: a whole service under load, a real fault, and the judge. The logs are shown when one fails."""

import itertools
import shutil
from collections.abc import Generator, Iterator
from decimal import Decimal

import pytest

from tests.chaos.judge import Judge
from tests.chaos.load import Load
from tests.chaos.site import Site, new_folder

SHOPS = 3
_shown = pytest.StashKey[Site]()
_numbers = itertools.count(1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the processes' logs to the report of a failed test."""
    report = yield
    site = item.stash.get(_shown, None)
    if report.failed and site is not None:
        # With the last test's fixtures the site is gone, and its logs with it.
        shown = [each for each in [*site.serving(), *site.ended] if each.log.exists()]
        report.sections += [(f"log of {each.log.stem}", each.tail()) for each in shown]
    return report


@pytest.fixture(scope="session")
def _site() -> Iterator[Site]:
    site = Site(new_folder())
    try:
        site.start()
        yield site
    finally:
        site.stop()
        shutil.rmtree(site.folder, ignore_errors=True)


@pytest.fixture
def site(_site: Site, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A whole service without jobs. Whoever dies in a test without being killed by it fails it."""
    request.node.stash[_shown] = _site
    _site.heal()
    _site.empty()
    yield _site
    assert not _site.dead(), f"ended by themselves: {_site.dead()}"


@pytest.fixture
def load(site: Site) -> Iterator[Load]:
    """Three shops with a catalogue, and nothing dispatched yet."""
    load = Load(site.api.base_url, [site.new_shop(f"shop-{next(_numbers)}") for _ in range(SHOPS)])
    try:
        load.import_catalogue()
        yield load
    finally:
        load.close()


@pytest.fixture
def imported(site: Site, load: Load) -> dict[int, Decimal]:
    return site.prices(load.shops)


@pytest.fixture
def judge(site: Site, load: Load, imported: dict[int, Decimal]) -> Judge:
    return Judge(site, load, imported)
