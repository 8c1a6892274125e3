"""How many sockets somebody may have."""

import pytest

from driftsentry.live import members
from tests.live.test_live import closed
from tests.live.viewers import hub, until
from tests.site import Site


async def test_a_session_has_fifty_sockets_at_most_and_a_person_two_hundred(
    sqlite_site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, path = sqlite_site, "/live?room=drifts"
    assert (members.MOST_OF_A_SESSION, members.MOST_OF_A_PERSON) == (50, 200)
    monkeypatch.setattr(members, "MOST_OF_A_SESSION", 2)
    monkeypatch.setattr(members, "MOST_OF_A_PERSON", 3)
    vera = await site.person("Vera", "viewer")
    one, two, other = await site.browser_of(vera), await site.browser_of(vera), await site.as_engineer()
    async with one.socket(path), one.socket(path) as second, other.socket(path):
        await site.connected(3)
        async with one.socket(path) as third:
            assert await closed(third) == 1008
        async with two.socket(path), other.socket(path):
            await site.connected(5)
            async with two.socket(path) as fourth:
                assert await closed(fourth) == 1008
        told = [record for record in caplog.records if record.message == "live.too_many_sockets"]
        assert [record.user_id for record in told] == [vera.id] * 2  # type: ignore[attr-defined]
        await second.disconnect()
        await until(lambda: len(hub(site)) == 2)
        async with one.socket(path):
            await site.connected(3)
    await until(lambda: not len(hub(site)))
    assert not hub(site).members._owned
