"""Who may import whom: the rules of the house, read from the source."""

import ast
from functools import cache
from pathlib import Path

import pytest

from driftsentry import ROOT

PACKAGE = ROOT / "driftsentry"
FEATURES = {"admin", "alerts", "audit", "auth", "drifts", "metrics", "overview", "reports", "rules", "stacks"}
SURFACES = {"api", "live"}
# `ingest` and `judging` are pure and stand beside the kernel: whoever needs them imports them, they import no feature.
PURE = {"ingest", "judging"}
# What the program is put together from, and what is started: above everything.
TOP = {"__init__", "__main__", "application", "cli", "client", "first_run", "serve", "demo"}
KERNEL = {path.stem for path in PACKAGE.glob("*.py")} - TOP | {"migrations"}
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "__pycache__" not in path.parts)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """`drifts` of `driftsentry.drifts.queries`; `__init__` of the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@cache
def imports_of(path: Path) -> set[str]:
    """Modules of ours, and names in them, that a source imports when it runs."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("driftsentry")}


def is_surface(path: Path) -> bool:
    room = room_of(module_of(path))
    return room in SURFACES or path.name.endswith(("pages.py", "guards.py"))


IDS = [str(path.relative_to(PACKAGE)) for path in SOURCES]


def test_every_room_has_its_place() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms == FEATURES | SURFACES | PURE | {"migrations", "demo"}


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_the_kernel_and_the_pure_rooms_import_no_feature(path: Path) -> None:
    room = room_of(module_of(path))
    if room in KERNEL | PURE:
        assert {room_of(name) for name in imports_of(path)} & (FEATURES | SURFACES) == set()


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_features_never_import_the_surfaces_that_cut_across_them(path: Path) -> None:
    if room_of(module_of(path)) in FEATURES:
        assert {room_of(name) for name in imports_of(path)} & SURFACES == set()


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_another_feature_is_used_through_its_package_only(path: Path) -> None:
    room = room_of(module_of(path))
    if room in TOP:
        return
    for name in imports_of(path):
        parts = name.split(".")
        if len(parts) < 4 or parts[1] not in FEATURES or parts[1] == room:
            continue
        # The guards of routes are what surfaces share.
        is_shared = is_surface(path) and parts[1:3] == ["auth", "guards"]
        assert is_shared, f"{path.name} reaches into {name}"


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_nobody_imports_the_queries_of_another_feature(path: Path) -> None:
    room = room_of(module_of(path))
    taken = {room_of(name) for name in imports_of(path) if "queries" in name.split(".")[2:3]}
    assert taken - {room} <= ({"auth"} if room == "cli" else set())  # `user list` and `token list` are two queries


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_only_surfaces_touch_the_request(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("quart")
        for alias in node.names
    }
    kernel_of_requests = {"answers", "limits", "security", "site", "web"}
    if not is_surface(path) and room_of(module_of(path)) not in kernel_of_requests:
        assert names & {"request", "g", "current_user", "websocket", "session", "current_app"} == set()


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_only_db_knows_the_engines(path: Path) -> None:
    module = module_of(path)
    engines = {name for name in imports_of(path) if room_of(name).startswith(("db_sqlite", "db_postgres"))}
    if module != "driftsentry.db":
        assert engines == set()
    libraries = {"sqlite3", "aiosqlite", "asyncpg", "databases", "sqlalchemy"}
    if not room_of(module).startswith("db"):
        assert _libraries(path) & libraries == set()


@cache
def _libraries(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=IDS)
def test_models_and_queries_hold_no_http_and_models_no_sql(path: Path) -> None:
    libraries = _libraries(path)
    if path.name in ("model.py", "queries.py", "actions.py"):
        assert "quart" not in libraries
    if path.name == "model.py":
        assert not [name for name in imports_of(path) if name.startswith("driftsentry.db")]
