"""Whether a server keeps to its own schema: what is sent to it, and what it may answer to that."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.control import SkipTest
from schemathesis.core.result import Ok
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.clients import Caller
from tests.integration.processes import Api
from tests.workers.catalogue.steps import add_products
from workers.catalogue.kinds import KINDS

Case = schemathesis.Case[Any]
Operation = schemathesis.APIOperation[Any, Any, Any, Any]
Check = Callable[..., bool | None]


@dataclass(frozen=True)
class Refusal:
    """An error that a request may meet which the schema allows, for a reason that JSON Schema has no words for."""

    status: int
    code: str
    when: Callable[[Case], bool]


def leaves_credentials_out(case: Case) -> bool:
    body = case.body
    return isinstance(body, dict) and "connector" in body and body.get("credentials") is None


IMPORTS = {f"/api/catalogue/{kind.path}" for kind in KINDS}


def ends_before_it_begins(case: Case) -> bool:
    query = case.query or {}
    return case.path in IMPORTS and str(query.get("from", "")) > str(query.get("to", "9"))


def says_not_what_to_remove(case: Case) -> bool:
    query = case.query or {}
    some = query.keys() & {"sku", "from", "to"}
    everything = str(query.get("all", False)).lower() == "true"
    return case.method.upper() == "DELETE" and case.path in IMPORTS and everything == bool(some)


def says_an_order(case: Case) -> bool:
    jobs = case.body.get("jobs") if isinstance(case.body, dict) else None
    if case.path != BATCH or not isinstance(jobs, list):
        return False
    return any(isinstance(job, dict) and job.get("depends_on") for job in jobs)


SCHEDULES = "/api/ai-jobs/schedules"


def is_a_schedule(case: Case) -> bool:
    """Which expressions and zones there are, and that of two fields one is given, JSON Schema has no words for.

    And its job is described where a job is dispatched: here again, it would take as long as all else together.
    """
    return case.path in (SCHEDULES, f"{SCHEDULES}/{{schedule_id}}")


BULK = "/api/ai-jobs/bulk"
BATCH = "/api/ai-jobs/batch"


def is_where_nobody_may_be_called(case: Case) -> bool:
    """Local addresses, other schemes and ports are what the operator opens."""
    body = case.body
    return case.path.startswith("/api/webhooks") and isinstance(body, dict) and "url" in body


def replays_a_range(case: Case) -> bool:
    """Whose end is not before its beginning."""
    return case.path == "/api/webhooks/{webhook_id}/replay"


def says_a_moment(case: Case) -> bool:
    """Which is in the future, as JSON Schema cannot say; or metadata, whose texts have no NUL however deep."""
    jobs = case.body.get("jobs", [case.body]) if isinstance(case.body, dict) else []
    named = {"run_at", "expires_at", "metadata"}
    return isinstance(jobs, list) and any(isinstance(job, dict) and named & job.keys() for job in jobs)


def asks_for_events(case: Case) -> bool:
    """The header Accept says whether as pages, which alone have a limit; and positions are the service's."""
    return case.path.startswith("/api/ai-jobs/") and case.path.endswith(("/events", "/wait"))


# Besides 401, 403, 404, 409 and 429, which depend on the state of the service by what they mean.
REFUSALS = [
    # Which marketplaces a tenant has, its data says.
    Refusal(422, "MARKETPLACE_NOT_CONFIGURED", lambda case: True),
    # And which assistants.
    Refusal(422, "ASSISTANT_NOT_CONFIGURED", lambda case: True),
    # And which products, and of which brand.
    Refusal(422, "UNKNOWN_SKUS", lambda case: True),
    Refusal(422, "BRAND_NOT_CLEAR", lambda case: True),
    # Credentials may be left out where they are stored, and must be given again where they would be sent elsewhere.
    Refusal(422, "INVALID_PARAMS", leaves_credentials_out),
    # The key came before, with another body.
    Refusal(422, "IDEMPOTENCY_KEY_REUSED", lambda case: True),
    # The first line of a file names the columns, and a workbook or a form is one.
    Refusal(400, "INVALID_REQUEST", lambda case: case.path in IMPORTS),
    # Which time zones there are, the machine says.
    Refusal(422, "INVALID_FILTER", lambda case: case.path in IMPORTS and "timezone" in case.query),
    # Everything of a marketplace is removed only where that is asked for.
    Refusal(422, "INVALID_FILTER", says_not_what_to_remove),
    *(Refusal(422, code, is_a_schedule) for code in ("INVALID_PARAMS", "INVALID_JOB_TYPE", "INVALID_BATCH")),
    Refusal(422, "INVALID_PARAMS", is_where_nobody_may_be_called),
    Refusal(422, "INVALID_PARAMS", replays_a_range),
    # The first day is not after the last.
    Refusal(422, "INVALID_FILTER", ends_before_it_begins),
    Refusal(422, "INVALID_FILTER", lambda case: case.path == "/api/usage"),
    # A filter has a condition, and is of jobs that the action is for; only one of the actions has a priority.
    *(
        Refusal(422, code, lambda case: case.path == BULK)
        for code in ("EMPTY_FILTER", "INVALID_FILTER", "INVALID_PARAMS")
    ),
    # Jobs depend on others of their batch, and not in a circle.
    Refusal(422, "DEPENDENCY_CYCLE", lambda case: case.path == BATCH),
    Refusal(422, "INVALID_PARAMS", says_an_order),
    Refusal(422, "INVALID_PARAMS", says_a_moment),
    Refusal(422, "INVALID_FILTER", asks_for_events),
]


def accepted_unless_for_a_reason(context: Any, response: Any, case: Case) -> bool | None:
    if response.status_code in (400, 422):
        told = response.status_code, response.json()["error"]["code"]
        if any(told == (each.status, each.code) and each.when(case) for each in REFUSALS):
            return None
    found: bool | None = positive_data_acceptance(context, response, case)
    return found


def no_server_error_but_not_ready(context: Any, response: Any, case: Case) -> bool | None:
    """No worker runs here, which the self-check behind /readyz?deep=1 notices, and no events process."""
    if response.status_code == 503 and response.json()["error"]["code"] in ("NOT_READY", "STREAMING_UNAVAILABLE"):
        return None
    found: bool | None = not_a_server_error(context, response, case)
    return found


def refused_or_reported(context: Any, response: Any, case: Case) -> bool | None:
    """A file of JSON lines that are none is read all the same: each of them is reported, and nothing is imported."""
    if case.path in IMPORTS and isinstance(case.body, bytes) and response.status_code == 200:
        report = response.json()["data"]
        assert (report["imported"], report["updated"]) == (0, 0)
        return None
    found: bool | None = negative_data_rejection(context, response, case)
    return found


CHECKS: list[Check] = [
    no_server_error_but_not_ready,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    accepted_unless_for_a_reason,
    refused_or_reported,
    unsupported_method,
]


def effort(examples: int, derandomize: bool) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=derandomize,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def assert_kept_for_short(server: Api, owner: Caller) -> None:
    few, allowed = effort(2, derandomize=True), [HypothesisTestMode.EXAMPLES, HypothesisTestMode.COVERAGE]
    assert_kept(server, owner, few, allowed, [HypothesisTestMode.FUZZING], abridged=True)


def assert_kept_for_long(server: Api, owner: Caller, seed: int) -> None:
    assert_kept(server, owner, effort(50, derandomize=False), [*HypothesisTestMode], [*HypothesisTestMode], seed)


def assert_kept(
    server: Api,
    owner: Caller,
    amount: settings,
    allowed: list[HypothesisTestMode],
    forbidden: list[HypothesisTestMode],
    seed: int | None = None,
    abridged: bool = False,
) -> None:
    add_products(owner, "SKU-001", "SKU-002")
    whole = requests.get(f"{server.base_url}/api/schema", headers={"Accept": "application/json"}, timeout=60).json()
    headers = {"Authorization": f"Bearer {owner.key}", "X-Tenant-ID": owner.tenant.name}
    failures: dict[str, str] = {}
    # Else each of the thousands of requests would have a connection of its own, and look for proxies first.
    with requests.Session() as session:
        session.trust_env = False
        for mode, phases in ((GenerationMode.POSITIVE, allowed), (GenerationMode.NEGATIVE, forbidden)):
            is_abridged = abridged and mode is GenerationMode.POSITIVE
            schema = schemathesis.openapi.from_dict(without_repetitions(whole) if is_abridged else whole)
            schema.config.update(base_url=server.base_url)
            schema.config.generation.update(modes=[mode], with_security_parameters=False)
            config = HypothesisTestConfig(project=schema.config, modes=phases, settings=amount, seed=seed)
            operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
            assert len(operations) >= 16
            for operation in operations:
                _send(operation, session, headers, failures, config)
    assert not failures, "\n\n".join(failures.values())


# Longer ones are lists of the world, like that of currencies.
LONG_ENUMERATION = 20


def without_repetitions(whole: dict[str, Any]) -> dict[str, Any]:
    """The schema without the suite's own job types, and with the ends of long lists alone: each of 150 currencies at
    each of eight imports would be a quarter of all requests."""
    schema = copy.deepcopy(whole)
    for name in ("JobRequest", "JobOfBatch"):
        types = schema["components"]["schemas"][name]["oneOf"]
        types[:] = [each for each in types if "/Test" not in each["$ref"]]
        assert len(types) == 6
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                values = parameter["schema"].get("enum", [])
                if len(values) > LONG_ENUMERATION:
                    parameter["schema"]["enum"] = [values[0], values[-1]]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                examples = content.get("examples", {})
                content["examples"] = {name: each for name, each in examples.items() if "test_" not in name}
    return schema


def _send(
    operation: Operation,
    session: requests.Session,
    headers: dict[str, str],
    failures: dict[str, str],
    config: HypothesisTestConfig,
) -> None:
    def call(case: Case) -> None:
        if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
            # Only the service can make one, and any other is refused before what is behind it is looked at.
            case.query.pop("cursor", None)
        try:
            case.call_and_validate(session=session, headers={**headers, **_others(case.headers)}, checks=CHECKS)
        except (AssertionError, BaseExceptionGroup) as error:
            # The first of each kind: it says how to repeat it.
            failures.setdefault(f"{operation.label} {_kind(error)}", f"{operation.label}: {_told(error)}")

    try:
        create_test(operation=operation, test_func=call, config=config)()
    except (Unsatisfiable, SkipTest):
        # An operation without parameters has no negative values.
        assert config.project.generation.modes == [GenerationMode.NEGATIVE]


def _others(headers: Mapping[str, str] | None) -> dict[str, str]:
    """The key and the tenant stay ours: those have tests of their own."""
    ours = ("authorization", "x-tenant-id")
    return {name: value for name, value in (headers or {}).items() if name.lower() not in ours}


def _kind(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return " ".join(sorted({_kind(each) for each in error.exceptions}))
    return type(error).__name__


def _told(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return "\n".join(_told(each) for each in error.exceptions)
    return str(error)
