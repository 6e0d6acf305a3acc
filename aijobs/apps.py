from django.apps import AppConfig
from django.core.checks import register

from aijobs import checks, scopes, watching
from aijobs.webhooks.watched import WATCHES


class AIJobsConfig(AppConfig):
    name = "aijobs"
    verbose_name = "AI Jobs"

    def ready(self) -> None:
        register(checks.check_redis_urls)
        scopes.add("ai-jobs:read", "List jobs, batches and schedules, and read their status and results.")
        scopes.add("ai-jobs:write", "Dispatch and cancel jobs and batches, and create and change schedules.")
        scopes.add("webhooks:read", "List webhooks, how they fare, and what became of each delivery.")
        scopes.add("webhooks:write", "Create, change, test and delete webhooks, and send deliveries again.")
        for watch in WATCHES:
            watching.add(watch)
