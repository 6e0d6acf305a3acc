"""The suite's settings, with the peers beside the service: what is compared runs in one process, on one database."""

from config.settings import env
from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.benchmarks"]
ROOT_URLCONF = "tests.benchmarks.urls"
# A benchmark fills queues that callers may not.
AIJOBS_QUEUE_LIMIT = AIJOBS_TENANT_QUEUE_LIMIT = 10_000_000
# And sends more requests.
AIJOBS_RATE_LIMIT = 1_000_000
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "testserver"])
