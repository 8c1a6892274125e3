"""Demo data."""

from driftsentry.db import Database

LOGINS = (
    "admin@driftsentry.local     admin123",
    "engineer@driftsentry.local  engineer123",
    "viewer@driftsentry.local    viewer123",
)


async def fill(db: Database, key: bytes) -> int:
    return 0
