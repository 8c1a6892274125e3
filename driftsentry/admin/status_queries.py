"""SQL about the database itself."""

from driftsentry.db import Tx

_SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    "postgresql": "SELECT pg_database_size(current_database())",
}


async def select_size(tx: Tx) -> int:
    """Bytes; without what SQLite has still to bring into its file."""
    return int(await tx.value(_SIZE[tx.engine]))
