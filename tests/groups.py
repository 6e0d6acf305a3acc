"""What never runs beside each other: cases that one of the suite's processes runs in turn.

xdist's own marks for groups do nothing with pytest 9.2, whose node ids xdist 3.8 cannot change.
"""

from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

# Where times are asserted, or where a busy machine looks like a fault.
TIMED = "timed"
TIMED_CASES = (
    "tests/chaos/",
    "tests/aijobs/api/test_contention.py",
    "tests/aijobs/api/test_health.py",
    "tests/aijobs/outbound/test_throttle.py",
    "tests/aijobs/postgresql/test_patience.py",
    "tests/integration/test_fairness.py",
    "tests/integration/test_selfcheck.py",
    "tests/aijobs/outbound/test_http.py::test_a_server_that_drips_is_left_in_time",
    "tests/aijobs/outbound/test_http.py::test_a_zip_bomb_is_not_inflated",
)
# Cases of such a module share processes, rows, or what is read of all files, which is made once.
_WHOLE_MODULES = (
    "tests/integration/",
    "tests/test_architecture.py",
    "tests/aijobs/api/test_schema.py",
    "tests/config/test_gateway.py",
    "tests/workers/catalogue/test_pages.py",
)
# And those of these share a worker.
_WORKER = "worker"
WORKER_CASES = tuple(f"tests/integration/test_{name}.py" for name in ("batches", "client", "contract", "one_job"))

# And those of these four languages' dictionaries, which take a process four seconds to load.
_DICTIONARIES = "dictionaries"
_DICTIONARY_CASES = ("tests/workers/listings/", "tests/workers/visibility/")

# One browser and one API for all of them; the models of sentiment.
_WHOLE_FOLDERS = ("tests/browser/", "tests/workers/sentiment/")


def group_of(nodeid: str) -> str | None:
    """Whose turn it shares; None where that does not matter."""
    if nodeid.startswith(TIMED_CASES):
        return TIMED
    if nodeid.startswith(WORKER_CASES):
        return _WORKER
    if nodeid.startswith(_DICTIONARY_CASES):
        return _DICTIONARIES
    if nodeid.startswith(_WHOLE_MODULES):
        return nodeid.partition("::")[0]
    return next((folder for folder in _WHOLE_FOLDERS if nodeid.startswith(folder)), None)


def order(nodeid: str) -> int:
    """The longest first: what has begun late would be waited for alone."""
    group = group_of(nodeid)
    return 2 if group is None else 0 if group == TIMED else 1


class Scheduling(LoadScopeScheduling):
    """Hands out a group as a whole, and every other case by itself."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid) or nodeid

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """What is through is forgotten: else all of it is gone through again after each of ten thousand cases."""
        super().mark_test_complete(node, item_index, duration)
        scope = self._split_scope(self.registered_collections[node][item_index])
        if all(self.assigned_work[node][scope].values()):
            del self.assigned_work[node][scope]
