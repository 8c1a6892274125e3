"""A program that calls the JSON API, as somebody who signed in, as a CI job, or as nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partialmethod
from typing import Any, NamedTuple

from werkzeug.datastructures import Headers

from driftsentry import clock, ids
from driftsentry.auth import access_tokens, session_queries
from driftsentry.auth.access_tokens import Claim
from driftsentry.auth.model import NewSession, Role, User
from driftsentry.web import DriftSentry
from tests.site import PEOPLE, Site

BASE = "/api/v1"
JSON = "application/json"


class Answer(NamedTuple):
    """`body`: the decoded JSON; None where there is none, as for 304."""

    status: int
    body: Any
    headers: Headers

    @property
    def data(self) -> Any:
        """What a success holds."""
        assert self.status in (200, 201), self.body
        return self.body["data"]

    @property
    def meta(self) -> Any:
        assert self.status in (200, 201), self.body
        return self.body["meta"]

    @property
    def code(self) -> str:
        """The code of a failure."""
        assert self.body["success"] is False, self.body
        return str(self.body["error"]["code"])

    @property
    def refused(self) -> dict[str, str]:
        """What is wrong with which field."""
        return {each["field"]: each["message"] for each in self.body["error"]["details"]}


def refusal(answer: Answer) -> tuple[int, str]:
    """How a request failed: the status and its code."""
    return answer.status, answer.code


@dataclass(frozen=True)
class Program:
    """`token`: what it sends as Bearer; '' for nothing. Paths are below `/api/v1`, or whole with `/api/`."""

    app: DriftSentry
    token: str = ""
    address: str = "127.0.0.1"

    async def request(
        self, method: str, path: str, *, json: Any = None, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """`json` is encoded; `data` is sent as it is, with the content type of JSON unless `headers` has another."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if data is not None:
            sent["Content-Type"] = JSON
        body = {"json": json} if data is None and json is not None else {"data": data} if data is not None else {}
        client = self.app.test_client(use_cookies=False)
        path = path if path.startswith("/api/") else BASE + path
        base = {"client": (self.address, 1)}
        response = await client.open(path, method=method, headers=sent | dict(headers or {}), scope_base=base, **body)
        is_json = response.mimetype == JSON and response.status_code != 304
        return Answer(response.status_code, await response.get_json() if is_json else None, response.headers)

    get = partialmethod(request, "GET")
    post = partialmethod(request, "POST")
    patch = partialmethod(request, "PATCH")
    delete = partialmethod(request, "DELETE")


async def program_of(site: Site, user: User, address: str = "127.0.0.1") -> Program:
    """Signed in as `user`, without the time that a login takes."""
    now = clock.now()
    end = now + site.app.settings.api_session
    new = NewSession(ids.new(), user.id, "api", "", "tests", address, now, end)
    async with site.db.write() as tx:
        await session_queries.insert_session(tx, new)
    token = access_tokens.issue(site.app.settings.jwt_secret, Claim(user.id, new.id), now)
    return Program(site.app, token, address)


async def as_role(site: Site, role: str) -> Program:
    """Signed in as Vera (viewer), Emil (engineer) or Ada (admin), as the browsers of `site` are."""
    return await program_of(site, await site.person(PEOPLE[Role(role)], role))


async def as_ci(site: Site) -> Program:
    """With a CI token for all stacks."""
    return Program(site.app, await site.ci_token())


def as_nobody(site: Site) -> Program:
    return Program(site.app)
