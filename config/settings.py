"""All settings, read from the environment (see the table in the README)."""

from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured

from aijobs import redis_urls
from aijobs.outbound import purposes
from config import environment, logged
from config.local import embedded

env = environment.Environment()
BASE_DIR = environment.BASE_DIR

# Production takes nothing for granted: its secrets, servers and hosts must be given.
PRODUCTION = env.bool("AIJOBS_PRODUCTION", default=False)
DATA_DIR = environment.data_dir(env)
DATABASE_URL = env.str("DATABASE_URL", default="")
REDIS_URL = env.str("REDIS_URL", default="")
if PRODUCTION:
    required = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "AIJOBS_CREDENTIALS_KEYS")
    missing = [name for name in required if not env.str(name, default="")]
    if missing:
        raise ImproperlyConfigured(
            f"AIJOBS_PRODUCTION is set, but these are not: {', '.join(missing)}. Set them too."
        )
# What to do where the data folder has no keys. The service creates them; of its commands, manage.py says whether they
# need them ("required") or can do without ("optional"): none leaves keys in a folder whose name was misspelt.
LOCAL_KEYS = env.str("AIJOBS_LOCAL_KEYS", default="created")
if LOCAL_KEYS == "required" and DATABASE_URL:
    LOCAL_KEYS = "created"
DATABASE_URL = DATABASE_URL or embedded.database_url(DATA_DIR)
REDIS_URL = redis_urls.checked("REDIS_URL", REDIS_URL or embedded.redis_url(DATA_DIR))
# What is in it may be lost at any time; Celery's broker may be another server, or another database of the same.
BROKER_URL = redis_urls.checked("BROKER_URL", env.str("BROKER_URL", default="") or REDIS_URL)


def _local_key(name: str) -> str:
    """A key of the data folder; "" where a command does without, which Django and `sealing` refuse to use."""
    try:
        key = embedded.secret(DATA_DIR, name) if LOCAL_KEYS == "created" else embedded.stored_secret(DATA_DIR, name)
    except ImproperlyConfigured:
        if LOCAL_KEYS != "optional":
            raise
        return ""
    if key is None and LOCAL_KEYS == "required":
        raise ImproperlyConfigured(
            f"The folder {DATA_DIR} has no {name}, so `up` has not been started with it. Check --data-dir and "
            "AIJOBS_DATA_DIR, or start `up` first."
        )
    return key or ""


SECRET_KEY = env.str("SECRET_KEY", default="") or _local_key("secret_key")
DEBUG = env.bool("DEBUG", default=False)
if PRODUCTION and DEBUG:
    # Many a shell has it set for something else, and compose passes it on.
    raise ImproperlyConfigured(
        "AIJOBS_PRODUCTION is set, and so is DEBUG, which shows strangers how the service works. Unset one of them."
    )
if PRODUCTION and LOCAL_KEYS != "optional" and (weakness := environment.weakness(SECRET_KEY)):
    raise ImproperlyConfigured(
        f"AIJOBS_PRODUCTION is set, and SECRET_KEY {weakness}. Set it to what `openssl rand -hex 32` prints."
    )
DEFAULT_EXCEPTION_REPORTER_FILTER = "config.debugging.ErrorPages"
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    # Probes of an orchestrator speak plain HTTP to the container, and so does Prometheus.
    SECURE_REDIRECT_EXEMPT = [r"^healthz/?$", r"^readyz/?$", r"^metrics/?$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# How many proxies of ours are in front, each of which adds an address to X-Forwarded-For: TLS ends at one.
AIJOBS_PROXIES = env.int("AIJOBS_PROXIES", default=1 if PRODUCTION else 0)
if AIJOBS_PROXIES < 0:
    raise ImproperlyConfigured(f"AIJOBS_PROXIES is {AIJOBS_PROXIES}; it must be at least 0.")

INSTALLED_APPS = [
    "config.site.SiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "config",
    "aijobs",
    "django_celery_beat",
    "workers",
    "workers.catalogue",
    "workers.changes",
    "workers.marketplaces",
    "workers.assistants",
]

MIDDLEWARE = [
    "aijobs.api.middleware.RequestMiddleware",
    "config.middleware.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "config.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.middleware.AuthenticationMiddleware",
    "config.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.logins.LoginMiddleware",
    "config.middleware.BusyMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES: dict[str, dict[str, Any]] = {"default": environment.database(DATABASE_URL)}
# Django's backend, on connections that give a silent server up.
DATABASES["default"]["ENGINE"] = "aijobs.postgresql"
# The pool lives as long as its process, so that neither a request nor a task pays for connecting.
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        "pool": {
            "min_size": 1,
            "max_size": env.int("AIJOBS_DATABASE_POOL", default=10),
            # How long to wait for a free or a new connection: a dead database answers 503, not a hang.
            "timeout": 4,
            # Then whoever wants a connection makes the pool try again. Else it would try ever more seldom, and a
            # database that is back would be without callers for minutes.
            "reconnect_timeout": 10,
        },
        "connect_timeout": 3,
        # A network that swallows packets: the kernel gives a connection up after half a minute, also one whose
        # statement may take long. (Nothing of this is known to unix sockets.)
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 4,
        "tcp_user_timeout": 30_000,
        "options": " ".join(
            f"-c {setting}"
            for setting in (
                # For the prepared statements of engine/statements.py: planning one anew costs more than running it.
                "plan_cache_mode=force_generic_plan",
                # A worker that is frozen in a transaction keeps its locks no longer than its lease.
                "idle_in_transaction_session_timeout=30s",
                # A statement whose caller is gone ends, and with it its locks: a caller that gave up, or was killed.
                "client_connection_check_interval=2s",
                # Here, so that RESET ALL comes back to it.
                "TimeZone=UTC",
            )
        ),
        # Django's default prepares nothing, also where a statement asks for it. Behind a PgBouncer that pools
        # transactions, it must be one that knows prepared statements (1.21).
        "prepare_threshold": 5,
    }
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PASSWORD_HASHERS = ["config.logins.OneAtATimeHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
# Collected into the production image; elsewhere served from where the packages keep them.
STATIC_ROOT = BASE_DIR / ".static" if PRODUCTION else None
WHITENOISE_USE_FINDERS = not PRODUCTION

# 1 MiB for every body but an import's, which is streamed.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_ALLOW_HEADERS = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "last-event-id",
    "x-request-id",
    "x-tenant-id",
]
CORS_EXPOSE_HEADERS = [
    *("location", "retry-after", "etag", "link", "idempotency-replayed", "x-request-id"),
    *("ratelimit", "ratelimit-policy"),
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["aijobs.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["aijobs.api.authentication.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["aijobs.api.throttling.KeyThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["aijobs.api.wire.envelope.JsonRenderer"],
    # Views read their bodies themselves: JSON whole, imports as a stream.
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "aijobs.api.wire.envelope.AlwaysJson",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "aijobs.api.wire.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "aijobs.api.wire.envelope.error_response",
    "UNAUTHENTICATED_USER": None,
}

API_DESCRIPTION = """
Dispatch AI jobs, watch them, and fetch their results. The [guide](/api/docs/guide) explains how, with examples to
paste, and says what to do about each error.

**Authenticate** with `Authorization: Bearer <key>`. If your key belongs to several tenants, name one of them in
`X-Tenant-ID`. Press *Authorize* to try it here: it says where to get a key.

**Dispatch** with `POST /api/ai-jobs`. The service answers at once, and the job runs in its turn. If you send an
`Idempotency-Key`, a repeated request makes no second job.

**Poll** `GET /api/ai-jobs/{job_id}` every two seconds until `status` is `completed`, `failed` or `cancelled`.

**Bodies** are JSON in UTF-8, sent as `application/json`; imports take files of many kinds. A field or a query
parameter that an endpoint does not have is refused with 422, and a name given twice in one object with 400. Answers
are JSON whatever `Accept` says. `HEAD` works wherever `GET` does, and `OPTIONS` names the methods of an address in
`Allow`.

**Lists** come in pages: while `pagination.has_more` is true, send `pagination.next_cursor` as `cursor`.

**Errors** are `{"error": {"code", "message", "details"}}`. Let your program go by the `code`; `details` name all
wrong fields at once. After a 429 or 503, wait for `Retry-After` seconds. If you ask the operator about an answer,
quote its `X-Request-ID`.
"""

SPECTACULAR_SETTINGS = {
    "TITLE": "AI Jobs API",
    "VERSION": "1.0.0",
    "DESCRIPTION": API_DESCRIPTION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "defaultModelsExpandDepth": 0,
        "displayRequestDuration": True,
        "persistAuthorization": True,
    },
    "SCHEMA_PATH_PREFIX": r"/api/",
    "PREPROCESSING_HOOKS": ["aijobs.api.wire.openapi.without_trailing_slash"],
    "POSTPROCESSING_HOOKS": ["aijobs.api.type_schemas.describe_job_types"],
}

CELERY_BROKER_URL = redis_urls.for_kombu(BROKER_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Strict order over the queues as -Q names them: measured 90 of 90; round_robin and sorted are not strict.
    "queue_order_strategy": "priority",
    # Above the longest hard time limit, else a long job's message is delivered again while it runs.
    "visibility_timeout": 3600,
    "socket_keepalive": True,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = env.float("AIJOBS_SHUTDOWN_SECONDS", default=10.0)
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_ACKS_ON_FAILURE = True
CELERY_TASK_ACKS_ON_TIMEOUT = True
# A killed child's message is acknowledged: the job's lease, not the broker, brings it back.
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "ai-jobs.control"
CELERY_BEAT_SCHEDULER = "config.beat_schedule:Scheduler"
CELERY_BEAT_SCHEDULE = {
    # A control task that is late is skipped, not piled up.
    "sweep": {"task": "workers.periodic.sweep", "schedule": 1.0, "options": {"expires": 3}},
    "refresh-statistics": {
        "task": "workers.periodic.refresh_statistics",
        "schedule": 2.0,
        "options": {"expires": 4},
    },
    "tick": {"task": "workers.periodic.tick", "schedule": 2.0, "options": {"expires": 4}},
    "roll-up": {"task": "workers.periodic.roll_up", "schedule": 2.0, "options": {"expires": 4}},
    "settle-changes": {"task": "workers.periodic.settle_changes", "schedule": 2.0, "options": {"expires": 4}},
    "act-in-bulk": {"task": "workers.periodic.act_in_bulk", "schedule": 1.0, "options": {"expires": 3}},
    # To the worker that delivers, which goes on by itself while there is something to send.
    "deliver-webhooks": {
        "task": "workers.tasks.deliver_webhooks",
        "schedule": 1.0,
        "options": {"queue": "ai-jobs.webhooks", "expires": 3},
    },
    "prune": {"task": "workers.periodic.prune", "schedule": 5.0, "options": {"expires": 5}},
    "partition-events": {
        "task": "workers.periodic.partition_events",
        "schedule": 600.0,
        "options": {"expires": 60},
    },
}

# The engine. Each is a field of the README's table of settings.
AIJOBS_QUEUE_LIMIT = env.int("AIJOBS_QUEUE_LIMIT", default=200_000)
AIJOBS_TENANT_QUEUE_LIMIT = env.int("AIJOBS_TENANT_QUEUE_LIMIT", default=20_000)
# Requests of a key with each of its tenants, in a minute.
AIJOBS_RATE_LIMIT = env.int("AIJOBS_RATE_LIMIT", default=60_000)
AIJOBS_RELEASE_WINDOW = env.int("AIJOBS_RELEASE_WINDOW", default=16)
AIJOBS_LEASE_SECONDS = env.float("AIJOBS_LEASE_SECONDS", default=30.0)
AIJOBS_PROMOTE_AFTER_SECONDS = env.float("AIJOBS_PROMOTE_AFTER_SECONDS", default=600.0)
# How long jobs, their results, and competitors' offers and scans are kept; a tenant may have its own.
AIJOBS_JOB_DAYS = env.int("AIJOBS_JOB_DAYS", default=90)
# None: as long as their jobs.
AIJOBS_RESULT_DAYS = env.int("AIJOBS_RESULT_DAYS", default=0) or None
AIJOBS_OFFER_DAYS = env.int("AIJOBS_OFFER_DAYS", default=90)
# Where the API sends those who want streams and waits; without it, they are told to poll.
AIJOBS_EVENTS_URL = env.str("AIJOBS_EVENTS_URL", default="").rstrip("/")
if AIJOBS_EVENTS_URL and not AIJOBS_EVENTS_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured(
        "AIJOBS_EVENTS_URL does not begin with http:// or https://. Write the address of the events process as "
        "callers reach it, for example https://events.example.com, or unset it."
    )
# Open streams and waits of one events process, of all tenants and of one.
AIJOBS_STREAMS = env.int("AIJOBS_STREAMS", default=2_000)
AIJOBS_TENANT_STREAMS = env.int("AIJOBS_TENANT_STREAMS", default=500)
# With less nothing would ever run, without a word.
for _name, _number in {
    "AIJOBS_QUEUE_LIMIT": AIJOBS_QUEUE_LIMIT,
    "AIJOBS_TENANT_QUEUE_LIMIT": AIJOBS_TENANT_QUEUE_LIMIT,
    "AIJOBS_RATE_LIMIT": AIJOBS_RATE_LIMIT,
    "AIJOBS_RELEASE_WINDOW": AIJOBS_RELEASE_WINDOW,
    "AIJOBS_LEASE_SECONDS": AIJOBS_LEASE_SECONDS,
    "AIJOBS_PROMOTE_AFTER_SECONDS": AIJOBS_PROMOTE_AFTER_SECONDS,
    "AIJOBS_JOB_DAYS": AIJOBS_JOB_DAYS,
    "AIJOBS_RESULT_DAYS": AIJOBS_RESULT_DAYS or AIJOBS_JOB_DAYS,
    "AIJOBS_OFFER_DAYS": AIJOBS_OFFER_DAYS,
    "AIJOBS_STREAMS": AIJOBS_STREAMS,
    "AIJOBS_TENANT_STREAMS": AIJOBS_TENANT_STREAMS,
}.items():
    if not _number >= 1:
        raise ImproperlyConfigured(f"{_name} is {_number:g}, but it must be at least 1.")
for _name, _days in {
    "AIJOBS_JOB_DAYS": AIJOBS_JOB_DAYS,
    "AIJOBS_RESULT_DAYS": AIJOBS_RESULT_DAYS or 1,
    "AIJOBS_OFFER_DAYS": AIJOBS_OFFER_DAYS,
}.items():
    if _days > 36_500:
        raise ImproperlyConfigured(f"{_name} is {_days}, but it must be at most 36500, which is a century.")
if AIJOBS_RESULT_DAYS and AIJOBS_RESULT_DAYS > AIJOBS_JOB_DAYS:
    raise ImproperlyConfigured(
        f"AIJOBS_RESULT_DAYS is {AIJOBS_RESULT_DAYS}, but results go with their jobs, after the {AIJOBS_JOB_DAYS} "
        "days of AIJOBS_JOB_DAYS. Set it to fewer, or unset it."
    )
# What Prometheus sends to read /metrics; without it there is no such page.
AIJOBS_METRICS_TOKEN = env.str("AIJOBS_METRICS_TOKEN", default="")
if AIJOBS_METRICS_TOKEN and (weakness := environment.weakness(AIJOBS_METRICS_TOKEN)):
    raise ImproperlyConfigured(
        f"AIJOBS_METRICS_TOKEN {weakness}. Set it to what `openssl rand -hex 32` prints, or unset it."
    )
# What encrypts the credentials of marketplaces: the first encrypts, the others still decrypt.
AIJOBS_CREDENTIALS_KEYS = env.list("AIJOBS_CREDENTIALS_KEYS", default=[]) or [
    key for key in [_local_key("credentials_key")] if key
]
# Addresses that may be called although they are not public, each as purpose:host:port: a proxy, a test's server.
AIJOBS_OUTBOUND_ALLOW = purposes.checked(env.list("AIJOBS_OUTBOUND_ALLOW", default=[]))

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        logged.without_rows,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer()
            if PRODUCTION
            else structlog.dev.ConsoleRenderer(colors=False),
            "foreign_pre_chain": [
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
                logged.without_rows,
            ],
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Django logs a line for each refusal and failure, and none for the rest: the proxy in front logs those too.
    "loggers": {
        # Scanners send any Host; each is answered 400.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # Two lines a job, which its events tell better.
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        # A line for every sweep.
        "celery.beat": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
    "root": {"handlers": ["console"], "level": env.level("LOG_LEVEL", default="INFO")},
}
