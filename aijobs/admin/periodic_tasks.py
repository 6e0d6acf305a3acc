"""What beat sends, to be looked at. The settings say what there is: no checkbox switches the sweeper off."""

import django_celery_beat.admin  # noqa: F401  # registers what is replaced here
from django.contrib import admin
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from aijobs.admin.base import ReadOnlyAdmin

# A task shows its own.
admin.site.unregister([PeriodicTask, IntervalSchedule, CrontabSchedule, ClockedSchedule, SolarSchedule])


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(ReadOnlyAdmin):
    list_display = ["name", "task", "every", "enabled", "last_run_at", "total_run_count"]
    list_select_related = ["interval", "crontab", "solar", "clocked"]
    list_filter = ["enabled"]
    ordering = ["name"]
    fields = [
        *("name", "task", "every", "enabled", "last_run_at", "total_run_count", "date_changed"),
        *("args", "kwargs", "queue", "expires", "expire_seconds", "description"),
    ]

    @admin.display(description="schedule")
    def every(self, task: PeriodicTask) -> str:
        return str(task.scheduler)
