"""What can go wrong, each raised where the fact is known and rendered in one place (`answers.py`).

A message says what is wrong and what to do; it never holds a secret or an internal text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one field of an input."""

    field: str
    message: str


class Failure(Exception):
    """The parent of all that is answered with a status other than 2xx and 3xx."""

    status = 500
    code = "INTERNAL"
    title = "Something went wrong"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        problems: Sequence[Problem] = (),
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.problems = tuple(problems)
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)


class Invalid(Failure):
    status, code, title = 422, "VALIDATION_ERROR", "That cannot be accepted"


class SignedOut(Failure):
    """Nobody is signed in, or the credentials are wrong."""

    status, code, title = 401, "AUTHENTICATION_REQUIRED", "Please sign in"


class InvalidToken(Failure):
    status, code, title = 401, "INVALID_TOKEN", "The token is not valid"


class Forbidden(Failure):
    status, code, title = 403, "FORBIDDEN", "You may not do that"


class NotFound(Failure):
    status, code, title = 404, "NOT_FOUND", "There is nothing here"


class Conflict(Failure):
    status, code, title = 409, "CONFLICT", "Somebody was faster"


class RateLimited(Failure):
    status, code, title = 429, "RATE_LIMITED", "Too many attempts"


class Unavailable(Failure):
    """For the moment. Nothing was half done; the same request may be sent again."""

    status, code, title = 503, "UNAVAILABLE", "Not available just now"

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after=2)


class Internal(Failure):
    """What a caller gets to see of an error that nobody expected; the log has the rest."""

    def __init__(self) -> None:
        super().__init__(
            "The error is on our side and was written to the log. Try again; if it stays, give an admin the request"
            " id below."
        )
