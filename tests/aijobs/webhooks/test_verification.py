"""What the guide says of verifying: every program in it, against a real delivery; and the published vector."""

import itertools
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import html  # type: ignore[import-untyped]  # it has no types of its own

from aijobs.models import Tenant
from aijobs.webhooks import endpoints, signing
from aijobs.webhooks.delivering import Deliverer
from aijobs.webhooks.recording import TYPES
from tests import engine
from tests.aijobs.webhooks.conftest import subscribe
from tests.aijobs.webhooks.receiver import Received, Receiver
from tests.clients import HTTP

# What follows a program: it reads each delivery that arrived from an argument, and says what the program says of it.
PYTHON = """
import json, sys
for sent in map(json.loads, sys.argv[1:]):
    print("yes" if verify(sent["secret"], sent["headers"], sent["body"].encode()) else "no")
"""
JAVASCRIPT = """
for (const sent of process.argv.slice(1).map(JSON.parse))
    console.log(verify(sent.secret, sent.headers, Buffer.from(sent.body)) ? "yes" : "no");
"""
# Java has no JSON: of each delivery it gets the secret, the body, and names and values of its three headers.
JAVA = """
class Main {
    public static void main(String[] sent) throws Exception {
        for (int first = 0; first < sent.length; first += 8) {
            Map<String, String> headers = new java.util.HashMap<>();
            for (int each = first + 2; each < first + 8; each += 2) headers.put(sent[each], sent[each + 1]);
            byte[] body = sent[first + 1].getBytes("UTF-8");
            System.out.println(Webhooks.verify(sent[first], headers, body) ? "yes" : "no");
        }
    }
}
"""
Sent = tuple[str, dict[str, str], str]


def blocks(kind: str) -> list[Any]:
    found: list[Any] = html.fromstring(HTTP.get("/api/docs/guide").content.decode()).xpath("//pre")
    return [each for each in found if each.get("class") == kind]


def program(language: str) -> str:
    [block] = [each for each in blocks("verification") if each.get("data-language") == language]
    text: str = block.text_content()
    return text


def run(command: list[str]) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout.split()


def as_json(all_sent: list[Sent]) -> list[str]:
    return [json.dumps({"secret": secret, "headers": headers, "body": body}) for secret, headers, body in all_sent]


def in_python(all_sent: list[Sent], folder: Path) -> list[str]:
    return run([sys.executable, "-c", program("python") + PYTHON, *as_json(all_sent)])


def in_javascript(all_sent: list[Sent], folder: Path) -> list[str]:
    return run(["node", "--eval", program("javascript") + JAVASCRIPT, "--", *as_json(all_sent)])


def in_java(all_sent: list[Sent], folder: Path) -> list[str]:
    imports, _, classes = program("java").partition("class Webhooks")
    (folder / "Main.java").write_text(f"{imports}{JAVA}class Webhooks{classes}")
    told = [each for secret, headers, body in all_sent for each in (secret, body, *itertools.chain(*headers.items()))]
    # Compiled and run by one process.
    return run(["java", str(folder / "Main.java"), *told])


Verify = Callable[[list[Sent], Path], list[str]]
LANGUAGES: dict[str, tuple[str, Verify]] = {
    "python": (sys.executable, in_python),
    "javascript": ("node", in_javascript),
    "java": ("javac", in_java),
}


def delivered(tenant: Tenant, endpoint: Receiver) -> tuple[list[str], Received]:
    """A real delivery while the secret is replaced: the old secret and the new one, and what arrived."""
    shown = subscribe(tenant, endpoint.url(), "job.queued")
    rotated = endpoints.rotate_secret(shown.webhook.pk, tenant.pk)
    engine.dispatch(tenant)
    deliverer = Deliverer()
    while not endpoint.received:
        deliverer.run(0.05)
    deliverer.finish(60)
    return [shown.secret, rotated.secret], endpoint.received[0]


def test_every_program_of_the_guide_is_known() -> None:
    assert [each.get("data-language") for each in blocks("verification")] == list(LANGUAGES)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_program_of_the_guide_verifies_a_real_delivery(
    tenant: Tenant, endpoint: Receiver, tmp_path: Path, language: str
) -> None:
    needed, verify = LANGUAGES[language]
    if shutil.which(needed) is None:
        pytest.skip(f"needs {needed}")
    [old, new], received = delivered(tenant, endpoint)
    headers = {name: value for name, value in received.headers.items() if name.startswith("webhook-")}
    body = received.body.decode()
    another = f"whsec_{'A' * 32}"
    late = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 600)}
    assert len(headers) == 3
    told: list[tuple[Sent, str]] = [
        ((old, headers, body), "yes"),
        ((new, headers, body), "yes"),
        ((new, headers, body.replace("queued", "failed")), "no"),
        ((another, headers, body), "no"),
        ((new, late, body), "no"),
    ]
    assert verify([sent for sent, _ in told], tmp_path) == [said for _, said in told]


@pytest.mark.django_db(transaction=True)
def test_what_arrives_looks_as_the_guide_shows_it(tenant: Tenant, endpoint: Receiver) -> None:
    _, received = delivered(tenant, endpoint)
    [shown] = blocks("event")
    event = json.loads(shown.text_content())
    assert event.keys() == received.event.keys()
    assert [type(each) for each in event.values()] == [type(each) for each in received.event.values()]
    assert {each.text for each in html.fromstring(HTTP.get("/api/docs/guide").content.decode()).xpath("//code")} >= {
        *TYPES
    }


def test_the_published_vector_is_signed_as_it_should_be() -> None:
    """Of the specification's own tests."""
    signed = signing.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        '{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        datetime.fromtimestamp(1614265330, UTC),
    )
    assert signed == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
