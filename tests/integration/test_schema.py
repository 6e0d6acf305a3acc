"""The running server keeps to its own schema, whatever is sent to it: what the schema allows is accepted, what it
forbids is refused, and every answer is as documented."""

import pytest

from tests.clients import Caller
from tests.integration.processes import Api

# Schemathesis takes a process a second to load: not every one that collects tests.


@pytest.mark.timeout(1200)
def test_the_server_keeps_to_its_schema(server: Api, owner: Caller) -> None:
    """Every operation: the examples, the bounds of each keyword, and of what is forbidden a few values that nobody
    thought of. The long form has such values of what is allowed, too."""
    from tests.integration.schema import assert_kept_for_short

    assert_kept_for_short(server, owner)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, 6))
def test_the_server_keeps_to_its_schema_for_long(server: Api, owner: Caller, seed: int) -> None:
    from tests.integration.schema import assert_kept_for_long

    assert_kept_for_long(server, owner, seed)
