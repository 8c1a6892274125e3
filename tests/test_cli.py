"""The command line, as people and CI jobs call it."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from driftsentry import ROOT, clock, first_run, migrations
from driftsentry.cli import main
from driftsentry.db import Database
from tests.servers import Server, running_server, server_environment
from tests.site import PASSWORD, RECORDED

Result = subprocess.CompletedProcess[str]


def spawn(env: dict[str, str], *words: str, program: tuple[str, ...] = ("-m", "driftsentry")) -> Result:
    """In a process of its own: what people start, and what ends with an exit code."""
    command = [sys.executable, *program, *words]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def run(env: dict[str, str], *words: str, stdin: str = "") -> Result:
    """The same in this process, which starts once; in a thread, for commands have an event loop of their own."""
    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(CliRunner().invoke, main, words, input=stdin, env=env).result(60)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Result(words, done.exit_code, done.stdout, done.stderr)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return server_environment("sqlite:///cli.db", tmp_path)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder, f"sqlite:///{folder / 'cli.db'}") as running:
        yield running


@pytest.fixture(scope="module")
def reporter(server: Server) -> dict[str, str]:
    """The environment of a CI job with a token for `prod/*`."""
    env = server_environment(server.config.database_url, server.log.parent)
    made = run(env, "token", "create", "--name", "ci", "--stacks", "prod/*", "--json")
    assert made.returncode == 0, made.stderr
    kept = {name: env[name] for name in ("PATH", "HOME") if name in env}  # a CI job has no secret of the server
    return kept | {"DRIFTSENTRY_SERVER": server.url, "DRIFTSENTRY_TOKEN": json.loads(made.stdout)["token"]}


def plan(name: str) -> str:
    return str(RECORDED / "tfplan-sequence" / f"{name}.json")


def test_report_ends_with_0_for_no_drift_and_with_2_for_drift(reporter: dict[str, str]) -> None:
    clean = spawn(reporter, "report", plan("seqa-t0-clean"), "--stack", "prod/net")
    assert (clean.returncode, clean.stdout) == (0, "prod/net: no drift.\n")
    drifted = spawn(reporter, "report", plan("seqa-t1-alpha"), "--stack", "prod/net", "--commit", "c0ffee")
    assert (drifted.returncode, drifted.stdout) == (2, "prod/net: 1 detected.\n")
    again = run(reporter, "report", plan("seqa-t1-alpha"), "--stack", "prod/net")
    assert again.returncode == 2
    assert "had come before" in again.stdout


def test_report_reads_standard_input_and_gzip_and_says_what_was_incomplete(reporter: dict[str, str]) -> None:
    text = Path(plan("seqa-t7-target-only-gamma")).read_text()
    piped = run(reporter, "report", "-", "--stack", "prod/pipe", stdin=text)
    assert piped.returncode == 0
    assert "Incomplete, so nothing was resolved" in piped.stdout
    packed = str(RECORDED / "tfplan-encoding/gzip.json.gz")
    assert run(reporter, "report", packed, "--stack", "prod/packed").returncode == 2


def test_report_ends_with_0_when_all_is_noise(reporter: dict[str, str]) -> None:
    noise = str(RECORDED / "tfplan/gen-tf1.11-shop-fresh-refresh-only.json")
    result = run(reporter, "report", noise, "--stack", "prod/noise")
    assert (result.returncode, result.stdout) == (0, "prod/noise: 20 informational.\n")


def test_a_masked_report_is_counted_as_the_clear_one(reporter: dict[str, str]) -> None:
    """The client leaves out what the server does not need; it must not leave out more."""
    large = str(RECORDED / "tfplan/gen-tf1.11-big-refresh-only-2.5MB.json")
    assert "275 detected" in run(reporter, "report", large, "--stack", "prod/large").stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--stack", "staging/net"), "may report for prod/*"),
        (("--stack", "prod//net"), "cannot be the name of a stack"),
        (("--stack", "prod/net", "--token", "dsk_wrong"), "unknown"),
        (("--stack", "prod/net", "--server", "http://127.0.0.1:9"), "cannot be reached"),
        (("--stack", "prod/net", "--server", "127.0.0.1"), "must be an address"),
        (("--stack", "prod/net", "--run-url", "javascript:x"), "runUrl"),
    ],
)
def test_report_ends_with_1_and_a_sentence(reporter: dict[str, str], words: tuple[str, ...], sentence: str) -> None:
    result = run(reporter, "report", plan("seqa-t1-alpha"), *words)
    assert result.returncode == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_report_refuses_a_wrong_file_without_sending_it(reporter: dict[str, str]) -> None:
    nowhere = reporter | {"DRIFTSENTRY_SERVER": "http://127.0.0.1:9"}
    for path in sorted((RECORDED / "wrong").iterdir()):
        result = run(nowhere, "report", str(path), "--stack", "prod/net")
        assert result.returncode == 1
        assert re.search("terraform|Terraform", result.stderr)
        assert "cannot be reached" not in result.stderr


@pytest.mark.parametrize("program", [("app.py",), ("-m", "driftsentry", "serve")])
def test_without_secrets_the_server_ends_with_78_and_lists_every_problem(
    tmp_path: Path, program: tuple[str, ...]
) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    bad = {"SECRET_KEY": "short", "JWT_SECRET": "change-me-change-me-change-me-change-me", "DRIFTSENTRY_PORT": "http"}
    bad |= {"DATABASE_URL": "mysql://x", "PUBLIC_READ": "perhaps", "DRIFTSENTRY_DATA": str(tmp_path)}
    result = spawn(kept | bad, program=program)
    assert result.returncode == 78
    problems = [line for line in result.stderr.splitlines() if line.startswith("  - ")]
    for name in ("SECRET_KEY", "JWT_SECRET", "DRIFTSENTRY_PORT", "DATABASE_URL", "PUBLIC_READ"):
        assert any(name in problem for problem in problems), result.stderr
    assert "secrets.token_urlsafe" in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("serve",), ("user", "list"), ("audit", "verify")])
async def test_a_newer_schema_is_refused_with_a_sentence(
    env: dict[str, str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    db = Database(f"sqlite:///{tmp_path / 'cli.db'}")
    await db.connect()
    await migrations.migrate(db)
    async with db.write() as tx:
        values = {"version": migrations.latest() + 1, "at": clock.to_text(clock.now())}
        await tx.run("INSERT INTO schema_version (version, applied_at) VALUES (:version, :at)", **values)
    await db.disconnect()
    result = spawn(env, *words) if words == ("serve",) else run(env, *words)
    assert result.returncode == 1
    assert "Start the newer program" in result.stderr.splitlines()[-1]
    assert not [line for line in result.stderr.splitlines() if line.startswith("Traceback")]


def test_a_port_that_is_taken_is_said_in_a_sentence(server: Server, env: dict[str, str]) -> None:
    result = spawn(env | {"DRIFTSENTRY_PORT": str(server.config.port)}, "serve")
    assert result.returncode == 1
    assert "DriftSentry stopped" in result.stderr


def test_people_are_made_listed_and_disabled(env: dict[str, str]) -> None:
    made = run(
        env, "user", "create", "--email", "Ada@Example.com", "--role", "admin", "--password-stdin", stdin=PASSWORD
    )
    assert (made.returncode, made.stdout) == (0, "Made Ada@Example.com with the role admin.\n")
    other = run(env, "user", "create", "--email", "emil@example.com", "--name", "Emil")
    assert re.search(r"role viewer\. Password: \S{20,}\n", other.stdout)
    again = run(env, "user", "create", "--email", "EMIL@example.com")
    assert (again.returncode, "already a user" in again.stderr) == (1, True)
    assert run(env, "user", "disable", "emil@example.com").returncode == 0
    listed = run(env, "user", "list").stdout
    assert "ada@example.com  admin  active" in listed
    assert "emil@example.com  viewer  disabled  Emil" in listed
    assert PASSWORD not in listed
    for words, sentence in ((("ada@example.com",), "last active admin"), (("nobody@example.com",), "There is no user")):
        refused = run(env, "user", "disable", *words)
        assert (refused.returncode, sentence in refused.stderr) == (1, True)


def test_a_reset_password_is_shown_once(env: dict[str, str]) -> None:
    run(env, "user", "create", "--email", "emil@example.com", "--password-stdin", stdin=PASSWORD)
    reset = run(env, "user", "reset-password", "emil@example.com")
    assert re.search(r"New password of emil@example.com: \S{20,}\n", reset.stdout)


def test_tokens_are_made_listed_and_revoked(env: dict[str, str]) -> None:
    made = run(env, "token", "create", "--name", "ci", "--stacks", "prod/*", "--stacks", "dev", "--expires", "12h")
    secret = made.stdout.split()[0]
    assert secret.startswith("dsk_")
    assert json.loads(run(env, "token", "create", "--name", "b", "--stacks", "*", "--json").stdout).keys() == {"token"}
    listed = run(env, "token", "list").stdout
    assert "ci  prod/*, dev  until" in listed
    assert secret not in listed
    assert run(env, "token", "revoke", "ci").returncode == 0
    assert "revoked" in run(env, "token", "list").stdout
    assert run(env, "token", "revoke", "ci").returncode == 1


def test_a_token_for_metrics_needs_no_stacks_and_one_for_reports_does(env: dict[str, str]) -> None:
    made = run(env, "token", "create", "--name", "prometheus", "--scope", "metrics:read")
    assert made.stdout.startswith("dsk_")
    assert "For metrics:read, until" in made.stdout
    assert "prometheus  metrics:read  until" in run(env, "token", "list").stdout
    refused = run(env, "token", "create", "--name", "ci")
    assert refused.returncode == 1
    assert "which stacks" in refused.stderr
    assert run(env, "token", "create", "--name", "ci", "--scope", "all").returncode == 2


@pytest.mark.parametrize("age", ["0d", "90", "d", "-1d", "90 d", "1y", "99999d"])
def test_a_lifetime_needs_a_number_and_a_unit(env: dict[str, str], age: str) -> None:
    result = run(env, "token", "create", "--name", "ci", "--stacks", "*", "--expires", age)
    assert result.returncode == 2
    assert "number and a unit" in result.stderr


def test_the_settings_are_shown_without_secrets(env: dict[str, str]) -> None:
    shown = run(env, "config")
    assert shown.returncode == 0
    assert "environment='production'" in shown.stdout
    for name in ("SECRET_KEY", "JWT_SECRET", "DATA_KEY"):
        assert env[name] not in shown.stdout


def test_the_first_run_makes_settings_that_only_their_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    before = os.umask(0)
    try:
        first_run.make_settings(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line and line[0] != "#")
    assert values["DRIFTSENTRY_ENV"] == "demo"
    secrets = [values[name] for name in ("SECRET_KEY", "JWT_SECRET", "DATA_KEY")]
    assert len(set(secrets)) == 3
    assert min(map(len, secrets)) >= 32
    with pytest.raises(FileExistsError):
        first_run.make_settings(path)
