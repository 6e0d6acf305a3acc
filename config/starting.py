"""What the processes that are not commands of manage.py do first."""

import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def read_settings() -> None:
    """A wrong setting is the operator's mistake: it ends the process with a line, which a traceback would hide."""
    try:
        # Read at the first use of any.
        settings.ROOT_URLCONF  # noqa: B018
    except ImproperlyConfigured as error:
        sys.exit(str(error))
