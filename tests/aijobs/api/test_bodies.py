"""How JSON bodies may be written: byte order marks, encodings, names given twice."""

import codecs

import orjson
import pytest
from hypothesis import strategies as st

from aijobs.api.wire.bodies import parse_object
from aijobs.errors import InvalidRequest
from aijobs.models import Job
from tests.aijobs.api.answers import PROBE, data_of, error_of
from tests.clients import Caller
from tests.drawing import draws
from tests.workers.catalogue.steps import add_products

JOBS, BATCHES = "/api/ai-jobs", "/api/ai-jobs/batch"
POLICY, MARKETPLACE = "/api/catalogue/repricing-policy", "/api/marketplaces/shop"
# What every endpoint with a JSON body takes, and how it answers.
BODIES: list[tuple[str, str, object, int]] = [
    ("POST", JOBS, PROBE, 201),
    ("POST", BATCHES, {"jobs": [PROBE]}, 201),
    ("PATCH", POLICY, {"cool_down_minutes": 5}, 200),
    ("PUT", MARKETPLACE, {"connector": "web"}, 201),
]


# --- Byte order marks and encodings


def test_a_byte_order_mark_is_skipped(owner: Caller, subtests: pytest.Subtests) -> None:
    for method, path, body, status in BODIES:
        with subtests.test(path=path):
            data_of(owner.request(method, path, codecs.BOM_UTF8 + orjson.dumps(body)), status)


def test_a_job_written_by_an_editor_that_marks_its_files(owner: Caller) -> None:
    add_products(owner, "SKU-001")
    sent = b'{"type":"pricing_recalculate","params":{"skus":["SKU-001"],"marketplace":"amazon_us"}}'
    job = data_of(owner.post(JOBS, codecs.BOM_UTF8 + sent), 201)
    assert job["params"] == {"skus": ["SKU-001"], "marketplace": "amazon_us"}


def test_with_and_without_the_mark_it_is_the_same_request(owner: Caller) -> None:
    body = orjson.dumps(PROBE)
    first = owner.post(JOBS, body, **{"idempotency-key": "k"})
    second = owner.post(JOBS, codecs.BOM_UTF8 + body, **{"idempotency-key": "k"})
    assert data_of(second, 201) == data_of(first, 201)
    assert Job.objects.count() == 1


@pytest.mark.parametrize("body", [codecs.BOM_UTF8, codecs.BOM_UTF8 * 2 + b"{}", b"{}" + codecs.BOM_UTF8])
def test_a_mark_elsewhere_is_no_json(owner: Caller, body: bytes) -> None:
    assert "not valid JSON" in error_of(owner.post(JOBS, body), 400, "INVALID_REQUEST")["message"]


def test_another_encoding_is_named(owner: Caller, subtests: pytest.Subtests) -> None:
    for method, path, body, _ in BODIES:
        for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
            with subtests.test(path=path, encoding=encoding):
                sent = orjson.dumps(body).decode().encode(encoding)
                message = error_of(owner.request(method, path, sent), 400, "INVALID_REQUEST")["message"]
                assert message == f"The body is encoded in {encoding[:6].upper()}. Send the JSON in UTF-8."


def test_windows_1252_is_not_utf_8(owner: Caller) -> None:
    body = '{"type": "test_probe", "params": {"label": "Größe"}}'.encode("cp1252")
    message = error_of(owner.post(JOBS, body), 400, "INVALID_REQUEST")["message"]
    assert message == "The body is not encoded in UTF-8: byte 47 does not fit. Send the JSON in UTF-8."


# --- Names given twice


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"type": "nothing", "type": "test_probe"}', "type"),
        (b'{"type": "test_probe", "params": {"label": "a", "label": "b"}}', "label"),
        (b'{"type": "test_probe", "params": {"label": "a", "l\\u0061bel": "b"}}', "label"),
        (b'{"type": "test_probe", "params": {"x": [{"y": [1, {"z": 1, "z": 1}]}]}}', "z"),
    ],
)
def test_a_name_given_twice_is_refused(owner: Caller, body: bytes, name: str) -> None:
    message = error_of(owner.post(JOBS, body), 400, "INVALID_REQUEST")["message"]
    assert message == f'The body has the name "{name}" twice in one object. Send each name once.'
    assert not Job.objects.exists()


def test_a_name_given_twice_within_a_batch_is_refused(owner: Caller) -> None:
    body = b'{"jobs": [{"type": "test_probe"}, {"type": "test_probe", "priority": "low", "priority": "high"}]}'
    assert '"priority" twice' in error_of(owner.post(BATCHES, body), 400, "INVALID_REQUEST")["message"]


def test_different_objects_may_have_the_same_names(owner: Caller) -> None:
    data_of(owner.post(BATCHES, {"jobs": [PROBE, PROBE]}), 201)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text().filter(lambda name: "\0" not in name), JSON, max_size=4).filter(
    lambda document: b"\\u0000" not in orjson.dumps(document)
)


@draws(40, 1000, OBJECTS, st.sampled_from([b"", codecs.BOM_UTF8]))
def test_every_object_is_read_as_it_was_written(document: dict[str, object], mark: bytes) -> None:
    assert parse_object(mark + orjson.dumps(document)) == document


@draws(40, 1000, OBJECTS.map(lambda document: document or {"": None}), st.data())
def test_every_name_given_twice_is_found(document: dict[str, object], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(document)))
    again = b"," + orjson.dumps({name: data.draw(JSON)})[1:]
    with pytest.raises(InvalidRequest, match="twice"):
        parse_object(orjson.dumps(document)[:-1] + again)


@draws(20, 1000, st.integers(1, 6000))
def test_numbers_of_any_length_are_no_failure(digits: int) -> None:
    try:
        parse_object(b'{"a": ' + b"1" * digits + b"}")
    except InvalidRequest as refusal:
        assert "not valid JSON" in refusal.message  # noqa: PT017
