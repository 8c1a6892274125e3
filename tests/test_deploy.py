"""compose.yaml, the Dockerfile and what lies in deploy/: one program, described in five languages that must agree.

Docker and Caddy are not needed: the files are read, and the program is started from what the image would hold.
"""

import configparser
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from driftsentry import ROOT
from driftsentry.cli import EX_CONFIG
from driftsentry.config import SETTINGS, Config
from driftsentry.serve import hypercorn_config
from driftsentry.web import REPORT_BYTES
from tests.contract.test_access import registered
from tests.servers import Server, free_port, server_environment, wait_until_ready
from tests.site import Site, settings

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APPS = {name: service for name, service in SERVICES.items() if "build" in service}
CADDYFILE = (ROOT / "deploy/Caddyfile").read_text()
UNIT = ROOT / "deploy/driftsentry@.service"
SCALING = ROOT / "docs/scaling.md"
READY = ["python", "deploy/ready.py"]
FORWARDED = {"For": "203.0.113.7", "Proto": "https", "Host": "drift.example.com"}  # as Caddy tells it
VERSION = r"\d+\.\d+(\.\d+)?(-[a-z]+)*"
# What others understand: the image of PostgreSQL, Python, and our Caddyfile.
OTHERS = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE", "PYTHONUNBUFFERED", "PATH", "UPSTREAMS"}
# Words that look like names of settings and are none: of Linux, Caddy, SQLite, exit codes.
WORDS = {"TCP_USER_TIMEOUT", "NET_BIND_SERVICE", "EX_CONFIG"}


def setting_names() -> set[str]:
    return {name for s in SETTINGS for name in (s.name, f"{s.name}_FILE")[: 1 + s.file]}


def instructions() -> list[list[tuple[str, str]]]:
    """The Dockerfile: of each stage, its instructions and the rest of their lines."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    stages: list[list[tuple[str, str]]] = []
    for word, rest in lines:
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, rest))
    return stages


def of_image(word: str) -> list[str]:
    """What stands behind this instruction in the last stage."""
    return [rest for found, rest in instructions()[-1] if found == word]


def copied() -> dict[str, str]:
    """What the image gets from this folder: source and place."""
    found = {}
    for rest in of_image("COPY"):
        if not rest.startswith("--from="):
            *sources, target = rest.split()
            found |= {source: f"{target}{source.split('/')[-1]}" if target[-1] == "/" else target for source in sources}
    return found


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in of_image("ENV") for pair in rest.split())


def seconds(text: str) -> int:
    """`15s`, `1m` or `24h`."""
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


def directive(name: str) -> str:
    """The first value behind this word of the Caddyfile."""
    match = re.search(rf"^\s*{name} (\S+)", CADDYFILE, re.MULTILINE)
    assert match, name
    return match[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what `deploy/make-secrets` needs, with the secrets that it has made."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/make-secrets", tmp_path / "deploy")
    subprocess.run([tmp_path / "deploy/make-secrets"], check=True, capture_output=True, cwd="/")
    return tmp_path


def test_every_image_has_a_version() -> None:
    images = [service["image"] for service in SERVICES.values() if "image" in service]
    images += [stage[0][1].split()[0] for stage in instructions()]
    assert len(images) == 4
    for image in images:
        assert re.fullmatch(rf"[a-z]+:{VERSION}", image), image
    python = {image for image in images if image.startswith("python:")}
    assert len(python) == 1
    target = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["target-version"]
    assert python.pop().startswith(f"python:3.{target.removeprefix('py3')}.")


def test_the_processes_are_alike_in_everything() -> None:
    assert len(APPS) >= 2
    first, *others = APPS.values()
    assert all(other == first for other in others)
    assert not {"ports", "user", "privileged"} & first.keys()  # reached through Caddy alone


def test_every_name_in_an_environment_is_a_setting_or_somebody_elses() -> None:
    ours, foreign = setting_names(), OTHERS
    for app in APPS.values():
        assert app["environment"].keys() <= ours
    assert SERVICES["db"]["environment"].keys() <= foreign
    unit = re.findall(r"^Environment=(\w+)=", UNIT.read_text(), re.MULTILINE)
    filled_in = re.findall(r"\{\$?(?:env\.)?([A-Z]\w+)", CADDYFILE + (ROOT / "compose.yaml").read_text())
    read = re.findall(r"environ\.get\(\"(\w+)", (ROOT / "deploy/ready.py").read_text())
    names = {*unit, *filled_in, *read, *image_environment()}
    assert {"DRIFTSENTRY_PORT", "DRIFTSENTRY_BASE_URL", "UPSTREAMS"} <= names
    assert names <= ours | foreign


def test_the_settings_of_compose_with_fresh_secrets_allow_a_start(folder: Path) -> None:
    app = next(iter(APPS.values()))
    files = {f"/run/secrets/{name}": folder / COMPOSE["secrets"][name]["file"] for name in app["secrets"]}
    given = {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in app["environment"].items()}
    given = image_environment() | {name: str(files.get(value, value)) for name, value in given.items()}
    config = Config.from_env(given, None)
    assert (config.environment, config.trusted_proxies, config.host) == ("production", 1, "0.0.0.0")
    postgres = SERVICES["db"]["environment"]
    password = (folder / "secrets/postgres_password").read_text().strip()
    place = f"{postgres['POSTGRES_USER']}:{password}@db:5432/{postgres['POSTGRES_DB']}"
    assert config.database_url == f"postgresql://{place}"
    for service in SERVICES.values():
        for name in service.get("secrets", ()):
            assert (folder / COMPOSE["secrets"][name]["file"]).is_file()
            assert f"/run/secrets/{name}" in service["environment"].values()


def test_secrets_are_made_once_and_closed_to_other_users(folder: Path) -> None:
    made = {path.name: path.read_bytes() for path in (folder / "secrets").iterdir()}
    assert len({*made.values()}) == len(made) == 5
    # The files are open and their folder is not: a bind mount keeps the mode, and containers have other users.
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder / "secrets").iterdir()} == {0o444}
    again = subprocess.run([folder / "deploy/make-secrets"], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "nothing was changed" in again.stderr
    assert {path.name: path.read_bytes() for path in (folder / "secrets").iterdir()} == made
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


async def test_caddy_asks_the_processes_of_compose_for_what_they_answer(sqlite_site: Site) -> None:
    match = re.search(r"\{\$UPSTREAMS:([^}]+)\}", CADDYFILE)
    assert match
    port = of_image("EXPOSE")[0]
    assert match[1].split() == [f"{name}:{port}" for name in APPS]
    assert port == next(setting.default for setting in SETTINGS if setting.name == "DRIFTSENTRY_PORT")
    assert ("GET", directive("health_uri")) in registered(sqlite_site.app)
    sockets = re.search(r"^\s*@sockets path (.+)", CADDYFILE, re.MULTILINE)
    assert sockets
    assert {path for method, path in registered(sqlite_site.app) if method == "WS"} <= {*sockets[1].split()}
    assert SERVICES["caddy"]["environment"].keys() == {"DRIFTSENTRY_BASE_URL"}
    assert "./deploy:/etc/caddy:ro" in SERVICES["caddy"]["volumes"]


def test_the_limits_of_caddy_leave_room_for_those_of_the_program() -> None:
    assert int(directive("max_size").removesuffix("MiB")) * 1024 * 1024 > REPORT_BYTES
    config = hypercorn_config(settings("sqlite:////nowhere.db"))
    assert f"Content-Length}}) > {REPORT_BYTES}`" in CADDYFILE
    assert seconds(directive("keepalive")) < config.keep_alive_timeout
    for app in APPS.values():
        assert seconds(app["stop_grace_period"]) > config.graceful_timeout
    assert len(APPS) * 11 < 100  # connections: a pool of ten and a listener each; PostgreSQL takes 100


def test_the_image_gets_what_the_dockerfile_copies_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    wanted = {
        rest.split()[0] for stage in instructions() for word, rest in stage if word == "COPY" and "--" not in rest
    }
    wanted |= {*copied()}
    assert rules[0] == "*"
    assert {rule.removeprefix("!") for rule in rules if rule.startswith("!")} == wanted
    assert all((ROOT / source).exists() for source in wanted)
    assert of_image("USER") == ["10001:10001"]
    assert {*yaml.safe_load(of_image("HEALTHCHECK")[0].split(" CMD ")[1])} == {*READY}


def test_the_program_starts_from_what_the_image_holds_and_sigterm_ends_it(tmp_path: Path) -> None:
    app, port = tmp_path / "app", str(free_port())
    for source, place in copied().items():
        (app / place).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / source).is_dir() else shutil.copy)(ROOT / source, app / place)
    url = f"sqlite:///{tmp_path / 'test.db'}"
    here = {
        "TRUSTED_PROXIES": "1",
        "DRIFTSENTRY_PORT": port,
        "DRIFTSENTRY_HOST": image_environment()["DRIFTSENTRY_HOST"],
    }
    environment = server_environment(url, tmp_path, **here)
    program, *words = yaml.safe_load(of_image("CMD")[0])
    log = tmp_path / "server.log"
    with log.open("wb") as err:
        process = subprocess.Popen([sys.executable, *words], cwd=app, env=environment, stdout=err, stderr=err)
    try:
        wait_until_ready(server := Server(f"http://127.0.0.1:{port}", settings(url), process, log))
        assert program == "python"
        with httpx.Client(base_url=server.url, trust_env=False) as client:
            for path in ("/setup", "/static/base.css", "/api/v1/openapi.json"):
                assert client.get(path).status_code == 200, path
        told = {f"X-Forwarded-{name}": value for name, value in FORWARDED.items()}
        with connect(f"{server.socket_url}/live", additional_headers=told, proxy=None) as socket:
            with pytest.raises(ConnectionClosed):
                socket.recv(10)
            assert socket.close_code == 4401  # found, behind a proxy, and nobody's
        check = [sys.executable, *READY[1:]]
        assert subprocess.run(check, cwd=app, env=environment, timeout=20, check=False).returncode == 0
        assert server.stop() == 0
        check += ["3600", str(process.pid)]  # which is no more
        assert subprocess.run(check, cwd=app, env=environment, timeout=20, check=False).returncode == 1
    finally:
        if process.poll() is None:
            server.kill()
    assert [app["healthcheck"]["test"] for app in APPS.values()] == [["CMD", *READY]] * len(APPS)


def test_the_unit_starts_the_same_program_and_stops_trying_where_settings_are_wrong() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(UNIT.read_text())
    service = unit["Service"]
    folder = service["WorkingDirectory"]
    for line in (service["ExecStart"], service["ExecStartPost"]):
        python, script, *_ = line.split()
        assert python == f"{folder}/.venv/bin/python"
        assert (ROOT / script).is_file()
    assert int(service["RestartPreventExitStatus"]) == EX_CONFIG
    assert int(service["TimeoutStopSec"]) > hypercorn_config(settings("sqlite:////nowhere.db")).graceful_timeout
    assert os.access(ROOT / "deploy/make-secrets", os.X_OK)


def test_the_document_names_no_setting_file_or_process_that_there_is_not() -> None:
    text = SCALING.read_text()
    names = {*re.findall(r"\b[A-Z][A-Z]+(?:_[A-Z]+)+\b", text)}
    assert names <= setting_names() | OTHERS | WORDS
    assert "TRUSTED_PROXIES" in names
    for path in re.findall(r"\b((?:deploy|driftsentry|benchmarks)/[\w@./-]*\w)", text):
        assert (ROOT / path).exists(), path
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (SCALING.parent / target).exists(), target
    assert {*re.findall(r"\bapp\d\b", text)} == {*APPS}
