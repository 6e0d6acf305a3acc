"""The running server keeps to its own schema, whatever is sent to it."""

from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.clients import Caller
from tests.integration.processes import Api

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


EFFORT = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_server_keeps_to_its_schema(server: Api, owner: Caller) -> None:
    """Every operation, with values that its schema allows and values that it forbids."""
    schema = schemathesis.openapi.from_url(f"{server.base_url}/api/schema")
    headers = {"Authorization": f"Bearer {owner.key}", "X-Tenant-ID": owner.tenant.name}
    failures: list[str] = []
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) >= 16
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                _send(operation, mode, headers)
            except (AssertionError, BaseExceptionGroup) as error:
                failures.append(f"{operation.label} ({mode.value}): {_told(error)}")
    assert not failures, "\n\n".join(failures)


def _send(
    operation: schemathesis.APIOperation[Any, Any, Any, Any], mode: GenerationMode, headers: dict[str, str]
) -> None:
    @EFFORT
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={**headers, **_printable(case.headers)}, checks=CHECKS)

    try:
        call()
    except Unsatisfiable:
        # An operation without parameters has no negative values.
        assert mode is GenerationMode.NEGATIVE


def _printable(headers: Mapping[str, str] | None) -> dict[str, str]:
    """The key and the tenant stay ours: those have tests of their own."""
    return {name: value for name, value in (headers or {}).items() if name not in ("Authorization", "X-Tenant-ID")}


def _told(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "\n".join(_told(each) for each in error.exceptions)
    return str(error)
