"""The settings: one frozen object from the environment and `.env`, or every problem of them at once."""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, TypeVar

from driftsentry import config_values

T = TypeVar("T")
Environment = Literal["production", "demo"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as operators see it. `default` is shown as text; `file` says whether NAME_FILE is read too."""

    name: str
    default: str
    description: str
    file: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("SECRET_KEY", "required", "Signs cookies; at least 32 characters.", file=True),
    Setting("JWT_SECRET", "required", "Signs access tokens; at least 32 characters, not SECRET_KEY.", file=True),
    Setting("JWT_REFRESH_SECRET", "from JWT_SECRET", "Keys the stored hashes of refresh tokens.", file=True),
    Setting("DATA_KEY", "from SECRET_KEY", "Keys the chain of events and the fingerprints of drifts.", file=True),
    Setting("DATABASE_URL", "sqlite:///driftsentry.db", "SQLite (under DRIFTSENTRY_DATA) or PostgreSQL.", file=True),
    Setting("DRIFTSENTRY_ENV", "production", "production, or demo: demo users, only while bound to loopback."),
    Setting("DRIFTSENTRY_HOST", "127.0.0.1", "The address to listen on."),
    Setting("DRIFTSENTRY_PORT", "8000", "The port to listen on."),
    Setting("DRIFTSENTRY_BASE_URL", "from host and port", "How people reach DriftSentry, for links."),
    Setting("DRIFTSENTRY_DATA", "./data", "The folder for the SQLite database."),
    Setting("PUBLIC_READ", "false", "true: anonymous callers of the JSON API may read the lists, without values."),
    Setting("LOG_RESPONSE_TIME", "false", "true: the log tells the time of every request; slow ones always."),
    Setting("SESSION_IDLE_HOURS", "12", "A session that was not used for so many hours ends."),
    Setting("SESSION_ABSOLUTE_DAYS", "7", "Every session ends after so many days."),
    Setting("API_SESSION_DAYS", "30", "A program must sign in again after so many days, whatever it refreshed."),
    Setting("API_REQUESTS_A_MINUTE", "600", "So many API requests for each token; an address may make twice as many."),
    Setting("TRUSTED_PROXIES", "0", "How many reverse proxies stand in front; X-Forwarded-* of others is ignored."),
    Setting("LIVE_PING_SECONDS", "30", "How often open connections are shown that they are alive."),
    Setting("LIVE_SILENCE_SECONDS", "90", "A connection that says nothing for so long is ended."),
    Setting("LIVE_PRESENCE_SECONDS", "45", "So long after his last sign somebody is no longer shown as viewing."),
)

CLIENT_NAMES = frozenset({"DRIFTSENTRY_SERVER", "DRIFTSENTRY_TOKEN"})  # read by the client for CI, not by the server
HOW_TO_MAKE = 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
SAMPLE = re.compile(
    r"(change|replace)(me|this|it|with)|your(own|super|secret|jwt|key|random|long|strong|data)|secret(key|goes|here)|"
    r"(my|super|top|jwt|refresh|app|flask|django|dev|default)(secret|insecure)|insecure|placeholder|example|password|"
    r"01234567|12345678|abcdefgh|qwertyui"
)
BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False, "on": True, "off": False}
ENVIRONMENTS: Mapping[str, Environment] = {"production": "production", "demo": "demo"}
# A # begins a comment only after white space, so that an address may hold one.
ENV_LINE = re.compile(
    r"""(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(?:'([^']*)'|"([^"]*)"|([^\s'"#]\S*(?:\s+[^\s#]\S*)*)?)\s*(?:\s#.*)?"""
)


class ConfigError(Exception):
    """The settings do not allow a start. `problems` holds one or two sentences each: what is wrong, how to mend it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Config:
    """What the program runs with. Secrets and the database's address stay out of `repr`."""

    secret_key: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    jwt_refresh_secret: bytes = field(repr=False)  # 32 bytes
    data_key: bytes = field(repr=False)  # 32 bytes
    database_url: str = field(repr=False)  # a SQLite path in it is absolute
    environment: Environment
    host: str
    port: int
    base_url: str  # without a slash at the end
    data_dir: Path  # absolute; it may not exist yet
    public_read: bool
    log_response_time: bool
    session_idle: timedelta
    session_absolute: timedelta
    api_session: timedelta
    api_requests_a_minute: int
    trusted_proxies: int
    live_ping_seconds: int
    live_silence_seconds: int
    live_presence_seconds: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str], env_file: Path | None) -> "Config":
        """Build it from `environ` over `env_file`, which may be absent. Raises ConfigError with all problems."""
        read = _Reader(environ, env_file)
        read.check_secrets()
        secret_key, jwt_secret = read.given["SECRET_KEY"], read.given["JWT_SECRET"]
        data_dir = read.value("DRIFTSENTRY_DATA", config_values.folder, fallback=Path())
        host = read.value("DRIFTSENTRY_HOST", config_values.host_name, fallback="127.0.0.1")
        port = read.whole("DRIFTSENTRY_PORT", 1, 65535)
        config = cls(
            secret_key=secret_key,
            jwt_secret=jwt_secret,
            jwt_refresh_secret=_derived(read.given["JWT_REFRESH_SECRET"] or jwt_secret, "refresh-token"),
            data_key=_derived(read.given["DATA_KEY"] or secret_key, "data"),
            database_url=read.value("DATABASE_URL", lambda url: config_values.database_url(url, data_dir), fallback=""),
            environment=read.environment(host),
            host=host,
            port=port,
            base_url=read.base_url(host, port),
            data_dir=data_dir,
            public_read=read.choice("PUBLIC_READ", BOOLEANS, fallback=False),
            log_response_time=read.choice("LOG_RESPONSE_TIME", BOOLEANS, fallback=False),
            session_idle=timedelta(hours=read.whole("SESSION_IDLE_HOURS", 1, 24 * 365)),
            session_absolute=timedelta(days=read.whole("SESSION_ABSOLUTE_DAYS", 1, 365)),
            api_session=timedelta(days=read.whole("API_SESSION_DAYS", 1, 365)),
            api_requests_a_minute=read.whole("API_REQUESTS_A_MINUTE", 1, 1_000_000),
            trusted_proxies=read.whole("TRUSTED_PROXIES", 0, 10),
            live_ping_seconds=read.whole("LIVE_PING_SECONDS", 1, 300),
            live_silence_seconds=read.whole("LIVE_SILENCE_SECONDS", 1, 900),
            live_presence_seconds=read.whole("LIVE_PRESENCE_SECONDS", 1, 900),
        )
        if read.problems:
            raise ConfigError(read.problems)
        return config


class _Reader:
    """Looks settings up, and collects what is wrong with them instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str], env_file: Path | None) -> None:
        self.problems: list[str] = []
        self._defaults = {setting.name: setting.default for setting in SETTINGS}
        self._unreadable: set[str] = set()
        in_file = self._parse(env_file) if env_file else {}
        self._report_unknown(environ, in_file)
        self.given = {s.name: self._look_up(s, environ) or self._look_up(s, in_file) for s in SETTINGS}

    def value(self, name: str, parse: Callable[[str], T], fallback: T) -> T:
        """`parse` raises ValueError with the rest of a sentence that begins with the name."""
        try:
            return parse(self.given[name] or self._defaults[name])
        except ValueError as error:
            self.problems.append(f"{name} {error}")
            return fallback

    def whole(self, name: str, least: int, most: int) -> int:
        def parse(text: str) -> int:
            if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
                raise ValueError(f"is {text!r}. It must be a whole number from {least} to {most}.")
            return int(text)

        return self.value(name, parse, fallback=least)

    def choice(self, name: str, choices: Mapping[str, T], fallback: T) -> T:
        def parse(text: str) -> T:
            if text.lower() not in choices:
                raise ValueError(f"is {text!r}. It must be {' or '.join([*choices][:2])}.")
            return choices[text.lower()]

        return self.value(name, parse, fallback)

    def check_secrets(self) -> None:
        for name in ("SECRET_KEY", "JWT_SECRET", "JWT_REFRESH_SECRET", "DATA_KEY"):
            value = self.given[name]
            if value and (weakness := _weakness(value)):
                self.problems.append(f"{name} {weakness} {HOW_TO_MAKE}")
            elif not value and self._defaults[name] == "required" and name not in self._unreadable:
                self.problems.append(f"{name} is missing. {HOW_TO_MAKE}")
        if self.given["SECRET_KEY"] and self.given["SECRET_KEY"] == self.given["JWT_SECRET"]:
            self.problems.append(f"JWT_SECRET is the same as SECRET_KEY. They must differ. {HOW_TO_MAKE}")

    def environment(self, host: str) -> Environment:
        name = self.choice("DRIFTSENTRY_ENV", ENVIRONMENTS, fallback="production")
        if name == "demo" and not config_values.is_loopback(host):
            self.problems.append(
                f"DRIFTSENTRY_ENV is demo, whose passwords everybody knows, but DRIFTSENTRY_HOST is {host!r}. "
                "Set DRIFTSENTRY_HOST=127.0.0.1, or DRIFTSENTRY_ENV=production."
            )
        return name

    def base_url(self, host: str, port: int) -> str:
        if self.given["DRIFTSENTRY_BASE_URL"]:
            return self.value("DRIFTSENTRY_BASE_URL", config_values.base_url, fallback="")
        reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
        return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"

    def _parse(self, env_file: Path) -> dict[str, str]:
        try:
            lines = env_file.read_text("utf-8-sig").split("\n")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self.problems.append(f"{env_file} cannot be read: {_reason(error)}.")
            return {}
        found: dict[str, str] = {}
        for number, line in enumerate(map(str.strip, lines), 1):
            if match := ENV_LINE.fullmatch(line):
                name, *values = match.groups()
                found[name] = next(filter(None, values), "")
            elif line and not line.startswith("#"):
                # The line may hold a secret, so only its number is told.
                self.problems.append(f"Line {number} of {env_file} is not NAME=VALUE with matching quotes. Mend it.")
        return found

    def _report_unknown(self, environ: Mapping[str, str], in_file: Mapping[str, str]) -> None:
        known = [name for s in SETTINGS for name in (s.name, f"{s.name}_FILE")[: 1 + s.file]]
        for name in sorted(({*environ} | {*in_file}) - {*known} - CLIENT_NAMES):
            close = get_close_matches(name, known, n=1, cutoff=0.8)
            # Other programs' names are nobody's mistake, but in our own file a near miss is one.
            if name.startswith("DRIFTSENTRY_") or (close and name in in_file):
                advice = f"Did you mean {close[0]}?" if close else f"Remove it; the settings are {', '.join(known)}."
                self.problems.append(f"{name} is not a setting. {advice}")

    def _look_up(self, setting: Setting, names: Mapping[str, str]) -> str:
        value = names.get(setting.name, "").strip()
        path = names.get(f"{setting.name}_FILE", "").strip() if setting.file else ""
        if value and path:
            self.problems.append(f"{setting.name} and {setting.name}_FILE are both set. Keep one of them.")
        if value or not path:
            return value
        try:
            content = Path(path).read_text("utf-8").strip()
            problem = "" if content else "is empty"
        except (OSError, ValueError) as error:
            content, problem = "", f"cannot be read: {_reason(error)}"
        if problem:
            # Not with the path: people put the secret itself there.
            self.problems.append(f"{setting.name}_FILE names a file that {problem}. Mend the file or its name.")
            self._unreadable.add(setting.name)
        return content


def _derived(secret: str, purpose: str) -> bytes:
    """Thirty-two bytes that differ per purpose. An old secret, named as the key itself, gives the same bytes again."""
    return hmac.digest(secret.encode("utf-8", "surrogateescape"), f"driftsentry:{purpose}".encode(), "sha256")


def _weakness(secret: str) -> str:
    if len(secret) < 32:
        return f"has {len(secret)} characters; it needs at least 32."
    plain = re.sub(r"[^a-z0-9]", "", secret.lower())
    if SAMPLE.search(plain):
        return "is a known sample, not a secret."
    # A string that occurs in itself, shifted, is a shorter one repeated.
    if len(set(secret)) < 8 or secret in (secret * 2)[1:-1]:
        return "repeats itself, so it can be guessed."
    return ""


def _reason(error: Exception) -> str:
    return error.strerror or "I/O error" if isinstance(error, OSError) else "it is not UTF-8 text"
