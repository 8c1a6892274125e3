"""What the tests of the live feed share."""

from collections.abc import Iterator

import pytest

from driftsentry.live import presence, presence_telling, wire
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


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is there is written and told all in good time, but for people who wait for tests."""
    for module, name in (
        (presence, "WRITE_SECONDS"),
        (presence, "ROUND_SECONDS"),
        (presence_telling, "COUNTED_SECONDS"),
        (presence_telling, "TOLD_SECONDS"),
    ):
        monkeypatch.setattr(module, name, 0.05)
