"""Access tokens: JWTs of 15 minutes that name a session. Nothing else in them is believed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from driftsentry import errors, ids

LIFETIME = timedelta(minutes=15)
AUDIENCE = "driftsentry-api"
_ALGORITHM = "HS256"
_TYPE = "access"
# The library would ask the operating system for the time.
_OPTIONS: jwt.types.Options = {
    "require": ["exp", "iat", "aud", "sub", "sid", "typ"],
    "verify_exp": False,
    "verify_iat": False,
}
_EXPIRED = "The access token has expired. Get another one: POST /api/v1/auth/refresh"
_INVALID = "The access token is not valid. Sign in: POST /api/v1/auth/login"


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose session a token names. Whether it is alive, and what its owner may, the database knows."""

    user_id: str
    session_id: str


def issue(key: str, claim: Claim, now: datetime) -> str:
    content = {
        "typ": _TYPE,
        "aud": AUDIENCE,
        "sub": claim.user_id,
        "sid": claim.session_id,
        "jti": ids.new(),
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
    }
    return jwt.encode(content, key, algorithm=_ALGORITHM)


def read(key: str, token: str, now: datetime) -> tuple[Claim, datetime]:
    """Check signature, expiry, audience and type; the claim, and when it ends. Raises `InvalidToken`."""
    try:
        # One algorithm, whatever the token's own header says: "none", or our key as somebody's public key.
        content = jwt.decode(token, key, algorithms=[_ALGORITHM], audience=AUDIENCE, options=_OPTIONS)
    except jwt.InvalidTokenError:
        raise errors.InvalidToken(_INVALID) from None
    subject, session_id, end = content["sub"], content["sid"], content["exp"]
    is_ours = content["typ"] == _TYPE and isinstance(subject, str) and isinstance(session_id, str)
    if not is_ours or type(end) is not int:
        raise errors.InvalidToken(_INVALID)
    if end <= now.timestamp():
        raise expired()
    return Claim(subject, session_id), datetime.fromtimestamp(end, UTC)


def expired() -> errors.InvalidToken:
    return errors.InvalidToken(_EXPIRED, code="TOKEN_EXPIRED")
