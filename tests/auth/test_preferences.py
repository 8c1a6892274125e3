"""How somebody likes his pages is kept with him, and nothing else can be."""

import pytest

from driftsentry import errors
from driftsentry.auth import preferences
from driftsentry.auth.preferences import Preferences
from tests.site import Site


async def liked(site: Site) -> Preferences:
    return preferences.read(await site.value("SELECT preferences FROM users WHERE name = 'Vera'"))


async def test_what_is_chosen_is_kept_and_the_rest_stays(site: Site) -> None:
    vera = await site.as_role("viewer")
    assert await liked(site) == Preferences()
    chosen = {"keys": "off", "diff": "split", "next": "/drifts"}
    answer = await vera.post("/account/preferences", chosen)
    assert (answer.status_code, answer.location) == (303, "/drifts")
    await vera.post(
        "/account/preferences", [("density", "compact"), ("columns", ""), ("columns", "status"), ("columns", "stack")]
    )
    assert await liked(site) == Preferences(False, "split", "compact", ("stack", "status"))
    await vera.post("/account/preferences", {"columns": ""})
    assert (await liked(site)).columns == ()


@pytest.mark.parametrize("wish", [{"diff": "x"}, {"density": ""}, {"columns": "secrets"}, {"diff": "Split"}])
async def test_what_cannot_be_chosen_is_refused(sqlite_site: Site, wish: dict[str, str]) -> None:
    vera = await sqlite_site.as_role("viewer")
    assert (await vera.post("/account/preferences", wish)).status_code == 422
    assert await liked(sqlite_site) == Preferences()


@pytest.mark.parametrize("text", ["", "[]", '{"diff": "sideways"}', '{"keys": 7}', "nonsense"])
def test_what_another_version_has_written_is_as_for_who_chose_nothing(text: str) -> None:
    assert preferences.read(text) == Preferences()


def test_names_that_are_not_there_are_no_wishes() -> None:
    with pytest.raises(errors.Invalid):
        Preferences().changed(diff=True)
