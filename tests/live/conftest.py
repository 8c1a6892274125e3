"""What the tests of the live feed share."""

from collections.abc import Iterator

import pytest

from driftsentry.live import wire
from tests.databases import PostgresServer


@pytest.fixture(params=["direct", "through ASGI"])
def is_direct(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param != "direct":
        monkeypatch.setattr(wire, "_transport_of", lambda _send: None)
    return bool(request.param == "direct")


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    with postgres.lent() as url:
        yield url
