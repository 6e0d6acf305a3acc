"""JSON that is kept as it was written."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler
from psycopg.types.json import Json


class WrittenJSONField(models.JSONField):
    """JSON that is stored to be shown, as it was written: in `json`, as `jsonb` orders the keys of an object itself.

    Nothing is looked up inside it.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "json"

    def select_format(self, compiler: SQLCompiler, sql: str, params: Any) -> tuple[str, Any]:
        # psycopg would read `json` itself, and Django then what is no text any more.
        return f"({sql})::text", params

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        return Json(value)
