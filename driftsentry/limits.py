"""How many requests a minute the API takes: of each token and of each address, counted in this process.

What must hold across processes is counted in the database: wrong passwords and the reports of a token.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from math import ceil
from typing import Any

from quart import Response, request
from quart_rate_limiter import RateLimit, RateLimiter
from quart_rate_limiter.store import RateLimiterStoreABC

from driftsentry.web import DriftSentry

MINUTE = timedelta(minutes=1)
MOST_KEYS = 50_000
API = "/api/"


def install(quart: DriftSentry) -> None:
    _Limiter(quart, quart.settings.api_requests_a_minute)


class _Limiter(RateLimiter):
    """Limits that hold over all routes of the API together; the library's own hold for each route."""

    def __init__(self, quart: DriftSentry, a_minute: int) -> None:
        self._limits = [
            RateLimit(a_minute, MINUTE, key_function=_token),
            RateLimit(2 * a_minute, MINUTE, key_function=_address),
        ]
        super().__init__(quart, store=_Store())

    def _get_limits_for_view_function(self, view_func: Callable[..., Any] | None, blueprint: Any) -> list[RateLimit]:
        return self._limits if request.path.startswith(API) else []

    async def _create_key(self, endpoint: str, rate_limit: RateLimit) -> str:
        assert rate_limit.key_function is not None, "both have one"
        return await rate_limit.key_function()

    async def _after_request(self, response: Response) -> Response:
        """The headers of the library, of the limit that is nearest to its end."""
        limits = self._get_limits_for_view_function(None, None)
        if not limits:
            return response
        now = datetime.now(UTC)
        states = [(limit, await self.store.get(await self._create_key("", limit), now)) for limit in limits]
        waits = [(limit, max(0.0, (arrival - now).total_seconds())) for limit, arrival in states]
        left = {limit.count: int((MINUTE.total_seconds() - wait) / limit.inverse) for limit, wait in waits}
        limit, wait = min(waits, key=lambda pair: left[pair[0].count])
        response.headers["RateLimit-Limit"] = str(limit.count)
        response.headers["RateLimit-Remaining"] = str(max(0, left[limit.count]))
        response.headers["RateLimit-Reset"] = str(ceil(wait))
        return response


class _Store(RateLimiterStoreABC):
    """Who is kept waiting until when. Bounded, for anybody can make up tokens; the address limits how many."""

    def __init__(self) -> None:
        self._arrivals: OrderedDict[str, datetime] = OrderedDict()

    async def get(self, key: str, default: datetime) -> datetime:
        return self._arrivals.get(key, default)

    async def set(self, key: str, tat: datetime) -> None:
        self._arrivals[key] = tat
        self._arrivals.move_to_end(key)
        if len(self._arrivals) > MOST_KEYS:
            self._arrivals.popitem(last=False)

    async def before_serving(self) -> None:
        """Nothing to open."""

    async def after_serving(self) -> None:
        """Nothing to close."""


async def _token() -> str:
    """What was sent, valid or not: this comes before any look into the database. Without one, the address."""
    header = request.headers.get("Authorization")
    if not header:
        return f"nobody {await _address()}"
    return hashlib.sha256(header.encode("utf-8", "surrogateescape")).hexdigest()


async def _address() -> str:
    """The peer; of IPv6 the network, since one machine has as many addresses as it likes."""
    peer = request.remote_addr or ""
    try:
        return f"from {ip_network((peer, 64), strict=False) if ip_address(peer).version == 6 else peer}"
    except ValueError:
        return f"from {peer}"
