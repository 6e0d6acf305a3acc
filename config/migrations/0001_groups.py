"""Groups of staff, once all models have their permissions.

They are made as config/groups.py has them now, of those permissions that there are by then. So a later release that
changes the table has a migration that calls this again, and what an earlier one made is of no account.
"""

from django.apps.registry import Apps
from django.db import migrations

from config import groups


def create(apps: Apps, schema_editor: object) -> None:
    groups.create(apps)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
        ("aijobs", "0001_initial"),
        ("catalogue", "0001_initial"),
        ("changes", "0001_initial"),
        ("marketplaces", "0001_initial"),
        ("assistants", "0001_initial"),
    ]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
