"""What the guide says of verifying: every program in it, against a real delivery; and the published vector."""

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

# What follows a program: it reads what arrived from its first argument, and says what the program says.
PYTHON = """
import json, sys
sent = json.loads(sys.argv[1])
print("yes" if verify(sent["secret"], sent["headers"], sent["body"].encode()) else "no")
"""
JAVASCRIPT = """
const sent = JSON.parse(process.argv[process.argv.length - 1]);
console.log(verify(sent.secret, sent.headers, Buffer.from(sent.body)) ? "yes" : "no");
"""
# Java has no JSON: its arguments are the secret, the body, and names and values of headers.
JAVA = """
class Main {
    public static void main(String[] sent) throws Exception {
        Map<String, String> headers = new java.util.HashMap<>();
        for (int each = 2; each < sent.length; each += 2) headers.put(sent[each], sent[each + 1]);
        System.out.println(Webhooks.verify(sent[0], headers, sent[1].getBytes("UTF-8")) ? "yes" : "no");
    }
}
"""


def blocks(kind: str) -> list[Any]:
    found: list[Any] = html.fromstring(HTTP.get("/api/docs/guide").content.decode()).xpath("//pre")
    return [each for each in found if each.get("class") == kind]


def program(language: str) -> str:
    [block] = [each for each in blocks("verification") if each.get("data-language") == language]
    text: str = block.text_content()
    return text


def run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.strip()


def as_json(secret: str, headers: dict[str, str], body: str) -> str:
    return json.dumps({"secret": secret, "headers": headers, "body": body})


def in_python(secret: str, headers: dict[str, str], body: str, folder: Path) -> str:
    return run([sys.executable, "-c", program("python") + PYTHON, as_json(secret, headers, body)])


def in_javascript(secret: str, headers: dict[str, str], body: str, folder: Path) -> str:
    return run(["node", "--eval", program("javascript") + JAVASCRIPT, as_json(secret, headers, body)])


def in_java(secret: str, headers: dict[str, str], body: str, folder: Path) -> str:
    imports, _, classes = program("java").partition("class Webhooks")
    if not (folder / "Main.class").exists():
        (folder / "Main.java").write_text(f"{imports}{JAVA}class Webhooks{classes}")
        run(["javac", "-d", str(folder), str(folder / "Main.java")])
    told = [each for pair in headers.items() for each in pair]
    return run(["java", "-Xshare:auto", "-cp", str(folder), "Main", secret, body, *told])


Verify = Callable[[str, dict[str, str], str, Path], str]
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
    assert verify(old, headers, body, tmp_path) == verify(new, headers, body, tmp_path) == "yes"
    assert verify(new, headers, body.replace("queued", "failed"), tmp_path) == "no"
    another = f"whsec_{'A' * 32}"
    assert verify(another, headers, body, tmp_path) == "no"
    late = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 600)}
    assert verify(new, late, body, tmp_path) == "no"


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
