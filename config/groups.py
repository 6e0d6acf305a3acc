"""What staff may do, by group: a migration makes them, and a superuser puts people into them.

`support` sees. `operator` also acts on jobs and schedules. `owner` also manages tenants, keys, connections, and what
they may cost or change. Accounts of staff are the superusers' own: who may change one can make any of it.
"""

from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db.models import Q

# All of whose models staff may see.
SEEN = ("aijobs", "catalogue", "changes", "marketplaces", "assistants")
SEEN_TOO = ("admin.view_logentry", "django_celery_beat.view_periodictask")

ACTS = (
    # Cancel, retry, another priority.
    "aijobs.change_job",
    "aijobs.change_batch",
    "aijobs.export_job",
    "aijobs.add_bulkaction",
    # Stop it.
    "aijobs.change_bulkaction",
    # Make, change, pause, resume, run now, make up for.
    "aijobs.add_schedule",
    "aijobs.change_schedule",
    # Enable, disable, resume, send again.
    "aijobs.change_webhook",
    # Let somebody log in again after too many attempts, and find their account for it.
    "auth.view_user",
    "auth.let_in_user",
)
OWNS = (
    "aijobs.add_tenant",
    "aijobs.change_tenant",
    "aijobs.add_apikey",
    "aijobs.change_apikey",
    "aijobs.delete_job_result",
    "catalogue.change_product",
    *(f"marketplaces.{verb}_connection" for verb in ("add", "change")),
    *(f"assistants.{verb}_connection" for verb in ("add", "change", "delete")),
    *(f"assistants.{verb}_budget" for verb in ("add", "change", "delete")),
    *(f"changes.{verb}_repricingpolicy" for verb in ("add", "change", "delete")),
    *(f"changes.{verb}_listingpolicy" for verb in ("add", "change", "delete")),
)
GROUPS: dict[str, tuple[str, ...]] = {"support": (), "operator": ACTS, "owner": (*ACTS, *OWNS)}


def create(apps: Apps) -> None:
    """Make the groups as they are written here, of the permissions that the models of `apps` have."""
    _create_permissions(apps)
    _create_let_in(apps)
    seen = Q(codename__startswith="view_", content_type__app_label__in=SEEN)
    permissions: Any = apps.get_model("auth", "Permission").objects
    groups: Any = apps.get_model("auth", "Group").objects
    for name, more in GROUPS.items():
        wanted = [permission for each in (*SEEN_TOO, *more) for permission in permissions.filter(_named(each))]
        group, _ = groups.get_or_create(name=name)
        group.permissions.set([*permissions.filter(seen), *wanted])


def _named(permission: str) -> Q:
    label, _, codename = permission.partition(".")
    return Q(content_type__app_label=label, codename=codename)


def _create_let_in(apps: Apps) -> None:
    """Of Django's own model of accounts, which cannot name it itself."""
    kinds: Any = apps.get_model("contenttypes", "ContentType").objects
    permissions: Any = apps.get_model("auth", "Permission").objects
    account, _ = kinds.get_or_create(app_label="auth", model="user")
    permissions.get_or_create(
        content_type=account,
        codename="let_in_user",
        defaults={"name": "Can let a user try to log in again at once"},
    )


def _create_permissions(apps: Apps) -> None:
    """Django does so after the last migration; the groups need them before."""
    configs: Any = apps.get_app_configs()
    for config in configs:
        # By this Django sees whether an app has models; those of a migration's state do not say so.
        before = getattr(config, "models_module", None)
        config.models_module = before or True
        create_permissions(config, verbosity=0, apps=apps)
        config.models_module = before
