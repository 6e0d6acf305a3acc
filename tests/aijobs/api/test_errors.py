"""What is no proper request: every refusal has the envelope and a precise code, and none is a 500."""

from itertools import product
from typing import Any

import orjson
import pytest
from django.db import OperationalError
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from aijobs.api import types
from aijobs.models import Job
from tests.aijobs.api.answers import NO_BATCH, NO_JOB, PROBE, data_of, error_of, paths_of
from tests.clients import HTTP, Caller
from tests.drawing import forms

JOBS, BATCHES = "/api/ai-jobs", "/api/ai-jobs/batch"
MIB = 1024 * 1024


# --- Addresses and methods


@pytest.mark.parametrize("path", ["/api/nothing", f"{JOBS}/a/b", f"{JOBS}//", "/nothing/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_nothing_at_an_address(db: None, method: str, path: str) -> None:
    error_of(HTTP.generic(method, path), 404, "NOT_FOUND")


NOT_TAKEN = [
    *[(method, path) for path in (JOBS, f"{JOBS}/{NO_JOB}") for method in ("PUT", "TRACE")],
    *[("PATCH", JOBS), ("DELETE", JOBS), ("PURGE", JOBS), ("POST", f"{JOBS}/{NO_JOB}"), ("POST", f"{JOBS}/types")],
    *[("GET", BATCHES), ("HEAD", BATCHES), ("DELETE", BATCHES), ("POST", f"{BATCHES}/{NO_BATCH}")],
]


def test_a_method_that_an_endpoint_does_not_have(owner: Caller, subtests: pytest.Subtests) -> None:
    for method, path in NOT_TAKEN:
        with subtests.test(method=method, path=path):
            response = owner.request(method, path)
            assert response.status_code == 405
            assert "GET" in response["Allow"] or "POST" in response["Allow"]
            if method != "HEAD":
                assert "The Allow header" in error_of(response, 405, "METHOD_NOT_ALLOWED")["message"]
            assert owner.request(method, f"{path}?nothing=1").status_code == 405


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs", "/healthz"])
def test_pages_for_everybody_have_the_envelope_too(db: None, path: str) -> None:
    error_of(HTTP.generic("POST", path), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("accept", ["text/html", "image/png", "application/xml", "nonsense", "a/b;q=x", "*/*;q=0"])
def test_json_whatever_is_accepted(owner: Caller, accept: str) -> None:
    data_of(owner.request("GET", JOBS, accept=accept))
    error_of(owner.request("GET", f"{JOBS}/{NO_JOB}", accept=accept), 404, "JOB_NOT_FOUND")


# --- Media types and sizes


OTHER_MEDIA_TYPES = [
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "json",
    "application/vnd.api+json",
    "application/jsonp",
]


def test_another_media_type_is_refused(owner: Caller, subtests: pytest.Subtests) -> None:
    for path, media_type in product((JOBS, BATCHES), OTHER_MEDIA_TYPES):
        with subtests.test(path=path, media_type=media_type):
            response = owner.request("POST", path, PROBE, content_type=media_type)
            assert "application/json" in error_of(response, 415, "UNSUPPORTED_MEDIA_TYPE")["message"]


@pytest.mark.parametrize(
    "media_type",
    ["application/json; charset=utf-8", "Application/JSON", "APPLICATION/JSON ;CHARSET=UTF-8", "application/json;"],
)
def test_json_is_json(owner: Caller, media_type: str) -> None:
    data_of(owner.request("POST", JOBS, PROBE, content_type=media_type), 201)


@pytest.mark.parametrize("path", [JOBS, BATCHES])
def test_a_body_over_one_mebibyte_is_refused(owner: Caller, path: str) -> None:
    error_of(owner.post(path, orjson.dumps(PROBE) + b" " * MIB), 413, "PAYLOAD_TOO_LARGE")


def test_a_body_of_one_mebibyte_is_read(owner: Caller) -> None:
    data_of(owner.post(JOBS, orjson.dumps(PROBE).ljust(MIB)), 201)


# --- Bodies


NO_OBJECTS = [
    b"",
    b" ",
    b"{",
    b"[]",
    b"null",
    b"1",
    b'"test_probe"',
    b"{'type': 'test_probe'}",
    b'{"type": "test_probe",}',
    b'{"type": "test_probe"} {}',
    b'{"type": NaN}',
    b'{"type": "test_probe", "params": {"sleep": Infinity}}',
    b'{"type": "test_probe", "params": {"sleep": 1e999}}',
    b'{"type": "\xff\xfe"}',
    b'{"type": "\\ud800"}',
    b'{"type": "a\x00b"}',
    '{"type": "test_probe"}'.encode("utf-16"),
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"type": "test_probe", "params": ' + b"[" * 300 + b"]" * 300 + b"}",
    b'{"type": "test_probe", "params": ' + b'{"a":' * 70 + b"1" + b"}" * 71,
    b"type=test_probe",
    b"\x1f\x8b\x08\x00",
]


def test_a_body_that_is_no_json_object(owner: Caller, subtests: pytest.Subtests) -> None:
    for path, body in product((JOBS, BATCHES), NO_OBJECTS):
        with subtests.test(path=path, body=body[:80]):
            error_of(owner.post(path, body), 400, "INVALID_REQUEST")
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (b'{"type": "test_probe", "params": {"label": "a\\u0000b"}}', ["params.label"]),
        (b'{"type": "test_probe", "params": {"\\u0000": 1}}', ["params"]),
        (b'{"type": "\\u0000"}', ["type"]),
        (b'{"x": [1, {"y": ["\\u0000", "\\u0000"]}]}', ["x.1.y.0", "x.1.y.1"]),
    ],
)
def test_nul_characters_are_refused_by_path(owner: Caller, body: bytes, paths: list[str]) -> None:
    assert paths_of(error_of(owner.post(JOBS, body), 422, "INVALID_PARAMS")) == paths


def test_a_backslash_before_u0000_is_text(owner: Caller) -> None:
    assert owner.dispatch(params={"label": "\\u0000"})["params"]["label"] == "\\u0000"


@pytest.mark.parametrize("number", ["18446744073709551616", "-9223372036854775809", "1" * 400, "1e308", "60.0001"])
def test_huge_numbers_are_out_of_range(owner: Caller, number: str) -> None:
    body = f'{{"type": "test_probe", "params": {{"sleep": {number}}}}}'.encode()
    assert owner.post(JOBS, body).status_code in (400, 422)
    assert not Job.objects.exists()


def test_text_of_every_plane_is_kept(owner: Caller) -> None:
    label = 'größe 価格 😀 \u200b\u2028 \x7f \\ " </script>'
    assert owner.dispatch(params={"label": label})["params"]["label"] == label


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
NEARLY_A_JOB = st.fixed_dictionaries(
    {},
    optional={
        "type": st.just("test_probe") | JSON,
        "params": st.dictionaries(st.sampled_from(["label", "sleep", "fail"]), JSON) | JSON,
        "priority": st.sampled_from(["low", "high"]) | JSON,
    },
)
NEARLY_A_BATCH = st.fixed_dictionaries(
    {"jobs": st.lists(NEARLY_A_JOB | JSON, max_size=3) | JSON}, optional={"sequential": JSON, "on_failure": JSON}
)


@pytest.mark.parametrize("path", [JOBS, BATCHES])
@forms(40, 1000)
def test_no_body_is_our_fault(owner: Caller, path: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @example(body=b"{}")
    @given(body=st.binary(max_size=200) | (NEARLY_A_JOB | NEARLY_A_BATCH | JSON).map(orjson.dumps))
    def is_answered(body: bytes) -> None:
        response = owner.post(path, body)
        if response.status_code == 201:
            data_of(response, 201)
        else:
            assert response.status_code in (400, 422)
            error_of(response, response.status_code, response.json()["error"]["code"])

    is_answered()


# --- Headers, hosts and query strings


def test_a_host_that_is_not_ours(db: None) -> None:
    error_of(HTTP.get(JOBS, headers={"host": "evil.example"}), 400, "INVALID_REQUEST")


@pytest.mark.parametrize("path", [JOBS, f"{JOBS}/types", "/api/catalogue/products", "/api/marketplaces"])
def test_a_query_of_over_a_thousand_parameters(owner: Caller, path: str) -> None:
    query = "&".join(f"a{number}=1" for number in range(1500))
    error = error_of(owner.get(f"{path}?{query}"), 400, "INVALID_REQUEST")
    assert error["message"] == "The request has more than 1,000 query parameters. Send fewer."


@pytest.mark.parametrize("query", ["%ff=1", "status=%ff", "=", "&&&", "a=%00", "status[]=queued", "%F0%9F%98%80"])
def test_odd_queries_are_refused(owner: Caller, query: str) -> None:
    response = owner.get(f"{JOBS}?{query}")
    if query == "&&&":
        data_of(response)
    else:
        error_of(response, 422, "INVALID_FILTER")


@pytest.mark.parametrize("sent", ["abc-123", "A.b:c_d", "x" * 128])
def test_a_sane_request_id_comes_back(owner: Caller, sent: str) -> None:
    assert owner.request("GET", JOBS, **{"x-request-id": sent})["X-Request-ID"] == sent


def test_any_other_request_id_is_replaced(owner: Caller, subtests: pytest.Subtests) -> None:
    for sent in ("", "x" * 129, "a b", "é", "a\nb", "<script>", "a;b", "\0"):
        with subtests.test(sent=sent):
            answers = [owner.request("GET", JOBS, **{"x-request-id": sent})["X-Request-ID"] for _ in range(2)]
            assert sent not in answers
            assert len(set(answers)) == 2


# --- Our own failures


def test_an_unexpected_error_is_a_500_that_says_nothing(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "show_types", _raise(RuntimeError("secret=hunter2")))
    response = owner.get(f"{JOBS}/types")
    assert "hunter2" not in str(error_of(response, 500, "INTERNAL_ERROR"))


def test_an_error_outside_the_views_has_the_envelope_too(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rest_framework.views.APIView.dispatch", _raise(RuntimeError("secret=hunter2")))
    assert "hunter2" not in str(error_of(owner.get(JOBS), 500, "INTERNAL_ERROR"))


def test_a_database_that_is_down_is_a_503(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "show_types", _raise(OperationalError("connection to 10.0.0.1 failed")))
    response = owner.get(f"{JOBS}/types")
    assert "10.0.0.1" not in str(error_of(response, 503, "SERVICE_UNAVAILABLE"))
    assert int(response["Retry-After"]) >= 1


def _raise(error: Exception) -> Any:
    def fail(*arguments: object, **named: object) -> None:
        raise error

    return fail


# --- Errors without end

# More than any answer that is bounded, less than any that lists every error.
LONGEST_ANSWER = 64 * 1024
LONG = "x" * 500
MANY = {f"unknown_{number}": 1 for number in range(10_000)}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (JOBS, {**PROBE, "params": MANY}),
        (JOBS, {**PROBE, **MANY}),
        (JOBS, {**PROBE, "params": {"\0": [f"\0{number}" for number in range(10_000)]}}),
        (BATCHES, {"jobs": [{**PROBE, "params": dict(list(MANY.items())[:500])}] * 20}),
        (BATCHES, {"jobs": [PROBE] * 20, **MANY}),
    ],
    ids=["params", "fields", "characters", "batch of params", "batch of fields"],
)
def test_of_many_errors_the_first_are_listed_and_the_rest_is_counted(
    owner: Caller, path: str, body: dict[str, object]
) -> None:
    response = owner.post(path, body)
    assert len(response.content) < LONGEST_ANSWER
    details = error_of(response, 422, "INVALID_PARAMS")["details"]
    assert len(details) == 101
    assert details[-1] in (
        {"path": "", "message": "9,900 more errors are not listed here."},
        {"path": "", "message": "9,901 more errors are not listed here."},
    )
    assert not Job.objects.exists()


def test_the_errors_of_a_batch_of_wrong_types_are_bounded_too(owner: Caller) -> None:
    jobs = [{"type": "nothing"}, *[{**PROBE, "params": {"x" * 10_000 + str(n): 1 for n in range(9)}}] * 10]
    response = owner.post(BATCHES, {"jobs": jobs})
    assert len(response.content) < LONGEST_ANSWER
    details = error_of(response, 422, "INVALID_JOB_TYPE")["details"]
    assert details.keys() == {"known_types", "errors"}
    assert len(details["errors"]) == 91


def test_a_long_name_is_cut_where_it_is_shown(owner: Caller) -> None:
    response = owner.post(JOBS, {**PROBE, "params": {"é" * 100_000: 1}})
    (detail,) = error_of(response, 422, "INVALID_PARAMS")["details"]
    assert detail["path"] == f"params.{'é' * 192}…"


def test_query_parameters_without_end_are_bounded_too(owner: Caller) -> None:
    response = owner.get(JOBS + "?" + "&".join(f"{number}{LONG}=1" for number in range(900)))
    assert len(response.content) < LONGEST_ANSWER
    assert len(error_of(response, 422, "INVALID_FILTER")["details"]) == 101


@pytest.mark.parametrize("value", [b"1", b"{}", b'""'])
def test_a_body_of_more_values_than_any_request_has_is_refused(owner: Caller, value: bytes) -> None:
    for count, status in ((99_990, 422), (200_000, 400)):
        body = b'{"type": "test_probe", "params": {"label": [' + b",".join([value] * count) + b"]}}"
        response = owner.post(JOBS, body)
        assert response.status_code == status, response.content
    assert "100,000 values" in error_of(response, 400, "INVALID_REQUEST")["message"]


# --- Browsers

ORIGIN = "https://shop.example"
PREFLIGHT = {
    "origin": ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,idempotency-key,x-tenant-id,x-request-id",
}


@pytest.fixture
def browser(db: None) -> Client:
    """A new client: its middleware reads the origins when it is made."""
    return Client(raise_request_exception=False)


def test_no_origin_is_allowed_unless_the_settings_say_so(browser: Client) -> None:
    assert "Access-Control-Allow-Origin" not in browser.options(JOBS, headers=PREFLIGHT).headers
    assert "Access-Control-Allow-Origin" not in browser.get(JOBS, headers={"origin": ORIGIN}).headers


def test_an_allowed_origin_may_call_and_read_our_headers(browser: Client, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    preflight = browser.options(JOBS, headers=PREFLIGHT)
    assert preflight.status_code == 200
    assert preflight["Access-Control-Allow-Origin"] == ORIGIN
    allowed = {name.strip() for name in preflight["Access-Control-Allow-Headers"].split(",")}
    assert allowed >= {
        "authorization",
        "content-type",
        "idempotency-key",
        "x-tenant-id",
        "x-request-id",
        "if-none-match",
    }
    response = browser.get(JOBS, headers={"origin": ORIGIN})
    assert response["Access-Control-Allow-Origin"] == ORIGIN
    exposed = {name.strip() for name in response["Access-Control-Expose-Headers"].split(",")}
    headers_of_limits = {"ratelimit", "ratelimit-policy"}
    of_answers = {"location", "retry-after", "etag", "link", "idempotency-replayed", "x-request-id"}
    assert exposed == of_answers | headers_of_limits
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_another_origin_is_not_allowed(browser: Client, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]
    response = browser.get(JOBS, headers={"origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in response.headers
