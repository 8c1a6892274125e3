"""Access tokens: what was signed by us, for us, not long ago, for a session that is alive. Everything else is 401."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest

from driftsentry import clock, ids
from driftsentry.auth import access_tokens
from driftsentry.auth.access_tokens import Claim
from driftsentry.auth.model import Role
from tests.api.program import Answer, Program, program_of
from tests.site import SETTINGS, Browser, Site, sign

KEY = SETTINGS["JWT_SECRET"]
Content = dict[str, Any]
BROUGHT = {"kty": "oct", "k": "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg"}


@pytest.fixture
async def content(sqlite_site: Site) -> Content:
    """What stands in a good token of an admin."""
    token = (await program_of(sqlite_site, await sqlite_site.person("Ada", "admin"))).token
    found = jwt.decode(token, KEY, algorithms=["HS256"], audience=access_tokens.AUDIENCE)
    assert set(found) == {"typ", "aud", "sub", "sid", "jti", "iat", "exp"}, "neither role nor name: they may change"
    return dict(found)


async def present(site: Site, token: str) -> Answer:
    return await Program(site.app, token).get("/users/me")


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_a_token_made_as_ours_are_is_good(sqlite_site: Site, content: Content) -> None:
    answer = await present(sqlite_site, jwt.encode(content, KEY, algorithm="HS256"))
    assert answer.data["email"] == "ada@example.com"


def without(name: str) -> Callable[[Content], Content]:
    return lambda content: {key: value for key, value in content.items() if key != name}


def having(**values: Any) -> Callable[[Content], Content]:
    return lambda content: content | values


AFTERWARDS = int((clock.now() + timedelta(days=1)).timestamp())
CHANGES = {
    **{f"no {name}": without(name) for name in ("typ", "aud", "sub", "sid", "iat", "exp")},
    "another audience": having(aud="driftsentry"),
    "another of two audiences": having(aud=["driftsentry-pages", "other"]),
    "another kind": having(typ="refresh"),
    "a kind in capitals": having(typ="ACCESS"),
    "an end as text": having(exp=str(AFTERWARDS)),
    "an end with a fraction": having(exp=AFTERWARDS + 0.5),
    "an end that is true": having(exp=True),
    "no end at all": having(exp=None),
    "an end in the past": having(exp=1),
    "an end of this moment": having(exp=int(clock.now().timestamp()) - 1),
    "a session as a list": having(sid=["x"]),
    "a session that nobody has": having(sid=ids.new()),
    "a session with a NUL": having(sid="\0"),
    "a session as a wildcard": having(sid="%"),
    "a subject as a number": having(sub=1),
    "an empty subject": having(sub=""),
    "not valid yet": having(nbf=AFTERWARDS),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_token_with_our_signature_but_other_content_is_refused(
    sqlite_site: Site, content: Content, change: str
) -> None:
    answer = await present(sqlite_site, jwt.encode(CHANGES[change](content), KEY, algorithm="HS256"))
    assert answer.status == 401
    assert answer.code == ("TOKEN_EXPIRED" if change.startswith("an end in") or "moment" in change else "INVALID_TOKEN")


async def test_other_signatures_are_refused_whatever_the_header_says(sqlite_site: Site, content: Content) -> None:
    good = jwt.encode(content, KEY, algorithm="HS256")
    header, body, signature = good.split(".")
    secret_of_cookies = SETTINGS["SECRET_KEY"]
    for name, token in {
        "no signature": f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "none in other letters": f"{part({'alg': 'nOnE', 'typ': 'JWT'})}.{body}.",
        "none, but signed": f"{part({'alg': 'none'})}.{body}.{signature}",
        "no algorithm": f"{part({'typ': 'JWT'})}.{body}.{signature}",
        "a longer hash": jwt.encode(content, KEY * 2, algorithm="HS512"),
        "a longer hash with our key": jwt.encode(content, KEY.ljust(64), algorithm="HS512"),
        "RS256 in the header only": f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{body}.{signature}",
        "RS256, signed with our key": signed_with(KEY, {"alg": "RS256"}, content),
        "a key that the header brings": signed_with("x" * 32, {"alg": "HS256", "jwk": BROUGHT, "kid": "x"}, content),
        "a file as a key": signed_with("", {"alg": "HS256", "kid": "/dev/null"}, content),
        "the key of cookies": jwt.encode(content, secret_of_cookies, algorithm="HS256"),
        "the signature cut": good[:-4],
        "no signature left": f"{header}.{body}.",
        "two parts": f"{header}.{body}",
        "content exchanged": f"{header}.{part(content | {'sub': ids.new()})}.{signature}",
        "four parts": f"{good}.{signature}",
        "a blank inside": good.replace(".", ". ", 1),
        "much": "a" * 8_000,
        "points": "...",
    }.items():
        answer = await present(sqlite_site, token)
        assert (answer.status, answer.code) == (401, "INVALID_TOKEN"), name
        assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"', name


def signed_with(key: str, header: Content, content: Content) -> str:
    """As an attacker does it, past what the library refuses to sign."""
    signed = f"{part(header)}.{part(content)}"
    digest = hmac.digest(key.encode(), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


async def test_a_token_cannot_name_somebody_else_in_ones_own_session(sqlite_site: Site, content: Content) -> None:
    vera = await sqlite_site.person("Vera", "viewer")
    await program_of(sqlite_site, vera)
    of_vera = await sqlite_site.value("SELECT id FROM sessions WHERE user_id = :id", id=vera.id)
    key, now = sqlite_site.app.settings.jwt_secret, clock.now()
    for claim in (Claim(content["sub"], of_vera), Claim(vera.id, content["sid"])):
        assert (await present(sqlite_site, access_tokens.issue(key, claim, now))).code == "INVALID_TOKEN"


async def test_the_session_of_a_browser_is_none_of_a_program(sqlite_site: Site) -> None:
    vera = await sqlite_site.person("Vera", Role.ADMIN)
    await sqlite_site.browser_of(vera)
    session = await sqlite_site.value("SELECT id FROM sessions")
    token = access_tokens.issue(sqlite_site.app.settings.jwt_secret, Claim(vera.id, session), clock.now())
    assert (await present(sqlite_site, token)).code == "INVALID_TOKEN"


async def test_a_session_of_a_program_is_no_cookie(sqlite_site: Site) -> None:
    program = await program_of(sqlite_site, await sqlite_site.person("Vera"))
    session = await sqlite_site.value("SELECT id FROM sessions")
    stored = await sqlite_site.value("SELECT secret_hash FROM sessions")
    for secret in (program.token, session, stored, f"api:{session}"):
        browser = Browser(sqlite_site.app, sign(sqlite_site.app.settings, secret))
        assert (await browser.get("/drifts")).status_code == 303


async def test_the_header_is_read_strictly(sqlite_site: Site) -> None:
    token = (await program_of(sqlite_site, await sqlite_site.person("Vera"))).token
    nobody = Program(sqlite_site.app)
    for header, status in (
        (f"Bearer {token}", 200),
        (f"bearer {token}", 200),
        (f"BEARER  {token} ", 200),
        (f"Bearer{token}", 401),
        (f"Token {token}", 401),
        (f"Bearer {token}, Bearer {token}", 401),
        (f"Bearer {token} {token}", 401),
        (token, 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        ("", 401),
        ("Bearer \u00fc\u00e9", 401),
    ):
        answer = await nobody.get("/users/me", headers={"Authorization": header})
        assert answer.status == status, header
    assert (await nobody.get(f"/users/me?access_token={token}")).status == 401
