"""What Django's pages of errors hide, where DEBUG is set."""

import re

from django.views.debug import SafeExceptionReporterFilter


class ErrorPages(SafeExceptionReporterFilter):
    """Beside secrets and keys: the addresses of servers, which may hold a password."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|DATABASE_URL|REDIS_URL|BROKER_URL", re.IGNORECASE
    )
