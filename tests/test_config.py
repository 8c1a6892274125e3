"""The settings: what a start needs, what is refused, and how it is said."""

import os
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from databases import DatabaseURL

from driftsentry.config import SETTINGS, Config, ConfigError
from driftsentry.config_values import is_loopback

EXAMPLE = Path(__file__).parent.parent / ".env.example"
SECRET_KEY = secrets.token_urlsafe(48)
JWT_SECRET = secrets.token_urlsafe(48)
ALL_NAMES = [setting.name for setting in SETTINGS]
REQUIRED = {"SECRET_KEY": SECRET_KEY, "JWT_SECRET": JWT_SECRET}

WHOLE = "It must be a whole number from"
HOST = "It must be an IP address or a host name, without scheme or port."
BASE_URL = "It must look like https://drift.example.com, without a path."
NO_FILE = "must name a file: sqlite:///driftsentry.db, or sqlite:////var/lib/driftsentry/drift.db."
NO_SCHEME = "has an unknown scheme. It must begin with sqlite:/// or postgresql://."
NOT_POSTGRES = "is not postgresql://USER:PASSWORD@HOST:PORT/NAME, with special characters written as %XX."
# A name, values that it refuses, and the end of the sentence that says so.
REFUSED = [
    ("DRIFTSENTRY_PORT", ["0", "65536", "-1", "http", "80.5", "٣٠٠٠", "9" * 5000], f"{WHOLE} 1 to 65535."),
    ("SESSION_IDLE_HOURS", ["0", "12h", "8761"], f"{WHOLE} 1 to 8760."),
    ("SESSION_ABSOLUTE_DAYS", ["0", "1.5", "366"], f"{WHOLE} 1 to 365."),
    ("TRUSTED_PROXIES", ["-1", "true", "11"], f"{WHOLE} 0 to 10."),
    ("LIVE_PING_SECONDS", ["0", "301"], f"{WHOLE} 1 to 300."),
    ("LIVE_SILENCE_SECONDS", ["0", "901"], f"{WHOLE} 1 to 900."),
    ("LIVE_PRESENCE_SECONDS", ["0", "901"], f"{WHOLE} 1 to 900."),
    ("PUBLIC_READ", ["ture", "2"], "It must be true or false."),
    ("LOG_RESPONSE_TIME", ["ture", "2"], "It must be true or false."),
    ("DRIFTSENTRY_ENV", ["staging", "dev"], "It must be production or demo."),
    ("DRIFTSENTRY_HOST", ["http://localhost", "localhost:80", "a b", "127.0.0.256", "127.0.0.1:80", "-a"], HOST),
    ("DRIFTSENTRY_BASE_URL", ["a.example.com", "ftp://a", "https://", "https://a/b", "https://u:p@a"], BASE_URL),
    ("DRIFTSENTRY_BASE_URL", ["https://a:99999", "http://a b", "https://[::1"], BASE_URL),
    ("DATABASE_URL", ["sqlite", "sqlite://", "sqlite:///", "sqlite://drift.db"], NO_FILE),
    ("DATABASE_URL", ["sqlite:///:memory:", "sqlite:///a.db?mode=ro"], NO_FILE),
    ("DATABASE_URL", ["mysql://db/drift", "drift.db", "postgresql:", "postgresql+psycopg2://db/drift"], NO_SCHEME),
    ("DATABASE_URL", ["postgresql://db", "postgresql://db/", "postgresql:///drift"], NOT_POSTGRES),
    ("DATABASE_URL", ["postgresql://[::1/d", "postgresql://u:p w@db/drift"], NOT_POSTGRES),
    ("DATABASE_URL", ["postgresql://u:p#w@db/drift", "postgresql://u:p@db:99999/drift"], NOT_POSTGRES),
]


def configured(**more: str) -> Config:
    return Config.from_env(REQUIRED | more, None)


def problems(environ: Mapping[str, str], env_file: Path | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        Config.from_env(environ, env_file)
    return caught.value.problems


def the_problem(**more: str) -> str:
    (only,) = problems(REQUIRED | more)
    return only


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


class TestDefaults:
    def test_two_secrets_are_all_it_needs(self) -> None:
        config = configured()
        assert (config.secret_key, config.jwt_secret) == (SECRET_KEY, JWT_SECRET)
        assert (config.environment, config.host, config.port) == ("production", "127.0.0.1", 8000)
        assert config.base_url == "http://127.0.0.1:8000"
        assert config.data_dir == Path.cwd() / "data"
        assert (config.public_read, config.log_response_time, config.trusted_proxies) == (False, False, 0)
        assert (config.session_idle, config.session_absolute) == (timedelta(hours=12), timedelta(days=7))

    def test_every_setting_can_be_given(self, tmp_path: Path) -> None:
        config = configured(
            DATABASE_URL="postgres://drift:p%40ss@db.internal:5433/drift",
            DRIFTSENTRY_HOST="0.0.0.0",
            DRIFTSENTRY_PORT="9000",
            DRIFTSENTRY_BASE_URL="https://drift.example.com/",
            DRIFTSENTRY_DATA=str(tmp_path),
            PUBLIC_READ="TRUE",
            LOG_RESPONSE_TIME="on",
            SESSION_IDLE_HOURS="2",
            SESSION_ABSOLUTE_DAYS="1",
            TRUSTED_PROXIES="1",
        )
        assert config.database_url == "postgresql://drift:p%40ss@db.internal:5433/drift"
        assert (config.host, config.port, config.base_url) == ("0.0.0.0", 9000, "https://drift.example.com")
        assert config.data_dir == tmp_path
        assert (config.public_read, config.log_response_time, config.trusted_proxies) == (True, True, 1)
        assert (config.session_idle, config.session_absolute) == (timedelta(hours=2), timedelta(days=1))

    def test_an_empty_value_counts_as_absent(self) -> None:
        assert configured(DRIFTSENTRY_PORT="", DATA_KEY="  ", PUBLIC_READ="") == configured()

    @pytest.mark.parametrize(
        ("host", "url"),
        [
            ("0.0.0.0", "http://127.0.0.1:8000"),
            ("::", "http://[::1]:8000"),
            ("[::1]", "http://[::1]:8000"),
            ("Drift.Internal", "http://drift.internal:8000"),
        ],
    )
    def test_links_lead_to_where_it_listens(self, host: str, url: str) -> None:
        assert configured(DRIFTSENTRY_HOST=host).base_url == url

    def test_nothing_can_be_changed_afterwards(self) -> None:
        with pytest.raises(AttributeError):
            configured().port = 1  # type: ignore[misc]


class TestEnvFile:
    def test_one_that_is_absent_is_no_problem(self, tmp_path: Path) -> None:
        assert Config.from_env(REQUIRED, tmp_path / ".env") == configured()

    def test_it_takes_quotes_comments_and_exports(self, tmp_path: Path) -> None:
        text = f"""\ufeff# a comment
            SECRET_KEY='{SECRET_KEY}'   # why
            export JWT_SECRET = "{JWT_SECRET}"

            DATA_KEY=
            JWT_REFRESH_SECRET=    # none
            DRIFTSENTRY_BASE_URL=https://drift.example.com # theirs
            DRIFTSENTRY_DATA="/srv/drift data#1"
            DATABASE_URL=sqlite:///it's me.db
            DRIFTSENTRY_PORT=1
            DRIFTSENTRY_PORT=9000
        """
        config = Config.from_env({}, written(tmp_path / ".env", text.replace("\n", "\r\n")))
        assert (config.secret_key, config.jwt_secret) == (SECRET_KEY, JWT_SECRET)
        assert config.data_key == configured().data_key
        assert (config.base_url, config.port) == ("https://drift.example.com", 9000)
        assert config.data_dir == Path("/srv/drift data#1")
        assert DatabaseURL(config.database_url).database == "/srv/drift data#1/it's me.db"

    def test_the_environment_wins(self, tmp_path: Path) -> None:
        env_file = written(tmp_path / ".env", f"SECRET_KEY={secrets.token_hex()}\nDRIFTSENTRY_PORT=1\nPUBLIC_READ=1\n")
        config = Config.from_env(REQUIRED | {"DRIFTSENTRY_PORT": "2"}, env_file)
        assert (config.secret_key, config.port, config.public_read) == (SECRET_KEY, 2, True)

        assert Config.from_env(REQUIRED, written(env_file, "SECRET_KEY_FILE=/nowhere\n")) == configured()

    def test_a_value_may_hold_a_hash_and_a_quote(self, tmp_path: Path) -> None:
        tricky = "k7#vQ'2m!Zr\"9Tx=Lw$0Pd&Yc8Hs^5Nb*Fj3"
        assert Config.from_env({"JWT_SECRET": JWT_SECRET}, written(tmp_path / "e", f"SECRET_KEY={tricky}")) == (
            configured(SECRET_KEY=tricky)
        )

    @pytest.mark.parametrize("line", ["PUBLIC_READ", "= true", "1A=b", "A='b", 'A="b', "A='b' c", "A b=c", "A=#b"])
    def test_a_line_that_is_not_understood_is_told_by_its_number(self, line: str, tmp_path: Path) -> None:
        env_file = written(tmp_path / ".env", f"# settings\n\n{line}\n")
        assert problems(REQUIRED, env_file) == [
            f"Line 3 of {env_file} is not NAME=VALUE with matching quotes. Mend it."
        ]

    def test_one_that_cannot_be_read_is_a_problem(self, tmp_path: Path) -> None:
        assert problems(REQUIRED, tmp_path) == [f"{tmp_path} cannot be read: Is a directory."]
        binary = tmp_path / ".env"
        binary.write_bytes(b"\xff\xff")
        assert problems(REQUIRED, binary) == [f"{binary} cannot be read: it is not UTF-8 text."]

    def test_a_near_miss_in_it_is_a_problem_but_others_names_are_not(self, tmp_path: Path) -> None:
        env_file = written(tmp_path / ".env", "PUBLIC_REED=true\nPOSTGRES_PASSWORD=x\nCOMPOSE_FILE=y\n")
        assert problems(REQUIRED, env_file) == ["PUBLIC_REED is not a setting. Did you mean PUBLIC_READ?"]
        assert configured(PUBLIC_REED="somebody else's") == configured()


class TestEachSetting:
    def test_an_unknown_name_of_ours_is_a_problem(self) -> None:
        assert the_problem(DRIFTSENTRY_PROT="8000") == (
            "DRIFTSENTRY_PROT is not a setting. Did you mean DRIFTSENTRY_PORT?"
        )
        unlike = the_problem(DRIFTSENTRY_ZQXJKV="1")
        assert unlike.startswith("DRIFTSENTRY_ZQXJKV is not a setting. Remove it; the settings are SECRET_KEY,")

    def test_the_names_of_the_client_are_left_to_the_client(self) -> None:
        assert configured(DRIFTSENTRY_SERVER="https://drift.example.com", DRIFTSENTRY_TOKEN="dsk_x") == configured()

    @pytest.mark.parametrize(
        ("name", "value", "end"), [(name, v, end) for name, values, end in REFUSED for v in values]
    )
    def test_what_cannot_be_used_is_refused_with_a_way_to_mend_it(self, name: str, value: str, end: str) -> None:
        quotes_it = name != "DATABASE_URL"  # which may hold a password
        assert the_problem(**{name: value}) == (f"{name} is {value!r}. {end}" if quotes_it else f"{name} {end}")

    @pytest.mark.parametrize("name", ["PUBLIC_READ", "LOG_RESPONSE_TIME"])
    def test_a_switch_is_true_or_false(self, name: str) -> None:
        field = name.lower()
        assert all(getattr(configured(**{name: yes}), field) for yes in ("true", "True", "1", "yes", "on"))
        assert not any(getattr(configured(**{name: no}), field) for no in ("false", "FALSE", "0", "no", "off"))

    def test_a_folder_in_the_home_of_nobody_is_refused(self) -> None:
        assert "in the home of a user that does not exist" in the_problem(DRIFTSENTRY_DATA="~no-such-user-here/data")
        assert configured(DRIFTSENTRY_DATA="~/drift").data_dir == Path.home() / "drift"


class TestDemo:
    @pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1", "[::1]"])
    def test_it_is_allowed_on_loopback(self, host: str) -> None:
        config = configured(DRIFTSENTRY_ENV="demo", DRIFTSENTRY_HOST=host)
        assert config.environment == "demo"
        assert is_loopback(config.host)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "drift.internal", "localhost.example.com"])
    def test_it_is_refused_where_others_can_reach_it(self, host: str) -> None:
        assert the_problem(DRIFTSENTRY_ENV="demo", DRIFTSENTRY_HOST=host) == (
            f"DRIFTSENTRY_ENV is demo, whose passwords everybody knows, but DRIFTSENTRY_HOST is {host!r}. "
            "Set DRIFTSENTRY_HOST=127.0.0.1, or DRIFTSENTRY_ENV=production."
        )
        assert configured(DRIFTSENTRY_HOST=host).environment == "production"


class TestDatabaseUrl:
    @pytest.mark.parametrize(
        ("url", "file"),
        [
            ("", "driftsentry.db"),
            ("sqlite:///other.db", "other.db"),
            ("sqlite:///deep/er.db", "deep/er.db"),
            ("sqlite:////var/lib/drift.db", "/var/lib/drift.db"),
            ("sqlite:///a%20b.db", "a b.db"),
        ],
    )
    def test_a_relative_sqlite_file_lies_under_the_data_folder(self, url: str, file: str, tmp_path: Path) -> None:
        folder = tmp_path / "50% of #1?"
        config = configured(DATABASE_URL=url, DRIFTSENTRY_DATA=str(folder))
        assert DatabaseURL(config.database_url).database == str(folder / file)
        assert config.database_url.startswith("sqlite:////")

    def test_postgresql_may_be_on_a_unix_socket(self) -> None:
        config = configured(DATABASE_URL="postgres://drift@/drift?host=/run/postgresql")
        assert config.database_url == "postgresql://drift@/drift?host=/run/postgresql"


class TestAllAtOnce:
    def test_every_problem_is_told_in_one_go(self) -> None:
        wrong = {name: "?" for name in ALL_NAMES if not name.endswith(("_KEY", "_SECRET", "_DATA"))}
        said = problems(wrong | {"JWT_SECRET": "short", "DRIFTSENTRY_HOTS": "x"})
        assert [problem.split()[0] for problem in said] == [
            *("DRIFTSENTRY_HOTS", "SECRET_KEY", "JWT_SECRET", "DRIFTSENTRY_HOST", "DRIFTSENTRY_PORT", "DATABASE_URL"),
            *("DRIFTSENTRY_ENV", "DRIFTSENTRY_BASE_URL", "PUBLIC_READ", "LOG_RESPONSE_TIME"),
            *("SESSION_IDLE_HOURS", "SESSION_ABSOLUTE_DAYS", "API_SESSION_DAYS", "API_REQUESTS_A_MINUTE"),
            *("TRUSTED_PROXIES", "LIVE_PING_SECONDS", "LIVE_SILENCE_SECONDS", "LIVE_PRESENCE_SECONDS"),
        ]
        assert all(problem.endswith((".", "?", ")", '"')) for problem in said)

    def test_the_error_reads_as_one_problem_a_line(self) -> None:
        assert str(ConfigError(["One is wrong.", "Two is wrong."])) == "One is wrong.\nTwo is wrong."


class TestExampleFile:
    """`.env.example` and SETTINGS say the same."""

    SHOWN = re.findall(r"^(#?)([A-Z_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE)
    FIXED: ClassVar = {s.name: s.default for s in SETTINGS if not s.default.startswith(("required", "from "))}

    def test_it_names_every_setting_in_order_and_no_other(self) -> None:
        assert [name for _, name, _ in self.SHOWN] == ALL_NAMES

    def test_its_values_are_the_defaults_and_the_defaults_are_the_real_ones(self) -> None:
        assert {name: value for _, name, value in self.SHOWN if name in self.FIXED} == self.FIXED
        assert configured(**self.FIXED) == configured()

    def test_what_it_leaves_to_fill_in_is_what_is_required(self, tmp_path: Path) -> None:
        text = EXAMPLE.read_text()
        assert [name for hash_, name, _ in self.SHOWN if not hash_] == ["SECRET_KEY", "JWT_SECRET"]
        assert [p.split()[0] for p in problems({}, written(tmp_path / "as-is", text))] == ["SECRET_KEY", "JWT_SECRET"]
        for name, value in REQUIRED.items():
            text = text.replace(f"\n{name}=\n", f"\n{name}={value}\n")
        assert Config.from_env({}, written(tmp_path / ".env", text)) == configured()


def test_reading_the_settings_leaves_the_environment_alone(tmp_path: Path) -> None:
    before = dict(os.environ)
    Config.from_env(REQUIRED, written(tmp_path / ".env", "DRIFTSENTRY_PORT=9\n"))
    assert dict(os.environ) == before
