"""A saved view: a list of drifts that somebody gave a name."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

NAME_LENGTH = (1, 60)
QUERY_LENGTH = 4000
MOST = 50  # of one person


@dataclass(frozen=True, slots=True)
class View:
    """As one person sees it. `query` is a query string of `/drifts`."""

    id: str
    owner_id: str
    owner: str
    name: str
    query: str
    is_shared: bool
    is_default: bool  # for whoever looks: what `/drifts` alone shows him
    is_own: bool

    @property
    def href(self) -> str:
        return f"/drifts?{self.query}"

    @property
    def words(self) -> str:
        """The query for people."""
        pairs = parse_qsl(self.query)
        return " · ".join(value if name in ("status", "q") else f"{name} {value}" for name, value in pairs)
