"""What tests of the API start from."""

import pytest

from driftsentry.db import Row
from tests.drifts.test_decision import scan
from tests.site import Site


@pytest.fixture
async def drift(site: Site) -> Row:
    """The one drift that there is: number 1, in version 1."""
    await site.post_body(scan("2"))
    return await site.drift("demo.x")
