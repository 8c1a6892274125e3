"""The documents name what there is: every setting, command and route, and nothing else."""

import re
from collections.abc import Iterator

import click
import pytest

from driftsentry import ROOT
from driftsentry.cli import main
from driftsentry.config import SETTINGS
from driftsentry.web import Access
from tests.contract.test_access import registered
from tests.site import Site

OPERATE = (ROOT / "docs/operate.md").read_text()
API = (ROOT / "docs/api.md").read_text()
WHO = {Access.ANYONE: "anyone", Access.REPORTER: "CI token", Access.SOCKET: "viewer"}


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name


def rows(text: str) -> list[list[str]]:
    """The cells of all tables."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def first_names(text: str, pattern: str) -> set[str]:
    found = {match[1] for row in rows(text) if (match := re.match(r"`([^`]+)`", row[0]))}
    return {name for name in found if re.fullmatch(pattern, name)}


def test_every_setting_is_documented_and_no_other() -> None:
    assert first_names(OPERATE, "[A-Z][A-Z_]+") == {setting.name for setting in SETTINGS}


def test_documented_defaults_are_the_defaults() -> None:
    documented = {row[0].split("`")[1]: row[1].replace("`", "") for row in rows(OPERATE) if row[0].startswith("`")}
    for setting in SETTINGS:
        assert documented[setting.name] == setting.default, setting.name


def test_every_command_is_documented_and_no_other() -> None:
    assert first_names(OPERATE, "[a-z][a-z -]+") == set(commands(main))


def test_commands_in_the_documents_exist() -> None:
    known = set(commands(main))
    texts = [path.read_text() for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]]
    called = re.findall(r"-m driftsentry ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", "\n".join(texts))
    for words in called:
        assert words in known or words.split()[0] in known, words


async def test_every_route_is_documented_with_who_may_call_it(sqlite_site: Site) -> None:
    documented = set()
    for row in rows(API):
        if len(row) == 3 and (address := re.fullmatch(r"`(/[^`]*)`", row[1])):
            plain = re.sub(r"<[^>]*?:?(\w+)>", r"<\1>", re.sub(r"\([^)]*\)", "", address[1]))
            methods = [method.replace("WebSocket", "WS") for method in row[0].split(", ")]
            documented |= {(method, plain, row[2]) for method in methods}
    real = {
        (method, path, WHO.get(access, access.value)) for (method, path), access in registered(sqlite_site.app).items()
    }
    assert documented == real


@pytest.mark.parametrize(
    "name", ["docs/operate.md", "docs/api.md", "docs/security.md", "docs/ci-recipes.md", "README.md"]
)
def test_links_between_documents_lead_somewhere(name: str) -> None:
    path = ROOT / name
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target
