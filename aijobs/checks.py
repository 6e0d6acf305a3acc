"""Django's system checks. config.settings refuses its own mistakes; another settings module may make more."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import Error
from django.core.exceptions import ImproperlyConfigured

from aijobs import redis_urls


def check_redis_urls(app_configs: Sequence[AppConfig] | None, **_: object) -> list[Error]:
    """REDIS_URL and BROKER_URL are addresses of Redis or Valkey, and Celery listens where the engine publishes."""
    try:
        for name in ("REDIS_URL", "BROKER_URL"):
            redis_urls.checked(name, getattr(settings, name))
    except ImproperlyConfigured as error:
        return [Error(str(error), id="aijobs.E001")]
    if redis_urls.for_kombu(settings.BROKER_URL) != settings.CELERY_BROKER_URL:
        message = "CELERY_BROKER_URL names a different broker from BROKER_URL. Set only BROKER_URL."
        return [Error(message, id="aijobs.E002")]
    return []
