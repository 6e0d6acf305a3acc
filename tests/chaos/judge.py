"""The end of every chaos test."""

from decimal import Decimal

from tests.chaos.checking import violations
from tests.chaos.history import History, read
from tests.chaos.load import COMPLETED, Load, batch
from tests.chaos.site import POOL_PROCESSES, Site
from tests.integration.processes import wait_until


class Judge:
    """Waits until everything has ended, then holds the history against the promises."""

    def __init__(self, site: Site, load: Load, imported: dict[int, Decimal]) -> None:
        self.site = site
        self.load = load
        self.imported = imported

    def history(self) -> History:
        with self.site.connect() as database:
            tenants = [shop.id for shop in self.load.shops]
            runs = self.site.folder / "runs"
            return read(database, tenants, self.load.accepted, self.imported, runs)

    def sees_every_worker_serve(self) -> None:
        """After the load, as many jobs as there are processes in the pools run at once; maybe not the first time.

        Celery takes up to five seconds to put another process in the place of one that was killed.
        """
        self.load.wait()
        self.site.wait_for_the_end()
        self.site.wait_for_workers()
        wait_until(self._every_place_is_taken, "a job in every place at once")

    def _every_place_is_taken(self) -> bool:
        places = POOL_PROCESSES * len(self.site.pool)
        ids = self.load.dispatch(batch([{"sleep": 0.5}] * places, [COMPLETED] * places, sequential=False))
        self.site.wait_for_the_end()
        runs = [run for run in self.site.runs() if run.job_id in ids]
        return max(run.began for run in runs) < min(run.ended or run.began for run in runs)

    def passes(self, seconds: float = 120.0) -> History:
        self.load.wait()
        self.site.wait_for_the_end(seconds)
        told = self.history()
        found = violations(told)
        assert not found, "\n".join(found)
        return told
