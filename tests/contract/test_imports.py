"""Who may import whom: the rules of the house, read from the source."""

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

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


@cache
def libraries_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
    return found


def taken_from_quart(path: Path) -> set[str]:
    return {
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("quart")
        for alias in node.names
    }


def is_surface(path: Path) -> bool:
    room = room_of(module_of(path))
    return room in SURFACES or path.name.endswith(("pages.py", "guards.py"))


def said(path: Path, wrong: Iterable[str]) -> list[str]:
    """For a list of all that breaks a rule, file by file: one test for each file would cost seconds."""
    return [f"{path.relative_to(PACKAGE)}: {each}" for each in sorted(wrong)]


def test_every_room_has_its_place() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms == FEATURES | SURFACES | PURE | {"migrations", "demo"}


def test_the_kernel_and_the_pure_rooms_import_no_feature() -> None:
    wrong = []
    for path in SOURCES:
        if room_of(module_of(path)) in KERNEL | PURE:
            wrong += said(path, {room_of(name) for name in imports_of(path)} & (FEATURES | SURFACES))
    assert wrong == []


def test_features_never_import_the_surfaces_that_cut_across_them() -> None:
    wrong = []
    for path in SOURCES:
        if room_of(module_of(path)) in FEATURES:
            wrong += said(path, {room_of(name) for name in imports_of(path)} & SURFACES)
    assert wrong == []


def test_another_feature_is_used_through_its_package_only() -> None:
    wrong = []
    for path in SOURCES:
        room = room_of(module_of(path))
        if room not in TOP:
            wrong += said(path, {name for name in imports_of(path) if reaches_in(path, room, name)})
    assert wrong == []


def reaches_in(path: Path, room: str, name: str) -> bool:
    parts = name.split(".")
    if len(parts) < 4 or parts[1] not in FEATURES or parts[1] == room:
        return False
    # The guards of routes are what surfaces share.
    return not (is_surface(path) and parts[1:3] == ["auth", "guards"])


def test_nobody_imports_the_queries_of_another_feature() -> None:
    wrong = []
    for path in SOURCES:
        room = room_of(module_of(path))
        taken = {room_of(name) for name in imports_of(path) if "queries" in name.split(".")[2:3]}
        may = {room, "auth"} if room == "cli" else {room}  # `user list` and `token list` are two queries
        wrong += said(path, taken - may)
    assert wrong == []


def test_only_surfaces_touch_the_request() -> None:
    kernel_of_requests = {"answers", "kept_answers", "limits", "security", "site", "web"}
    of_a_request = {"request", "g", "current_user", "websocket", "session", "current_app"}
    wrong = []
    for path in SOURCES:
        if not is_surface(path) and room_of(module_of(path)) not in kernel_of_requests:
            wrong += said(path, taken_from_quart(path) & of_a_request)
    assert wrong == []


def test_only_db_knows_the_engines() -> None:
    libraries = {"sqlite3", "aiosqlite", "asyncpg", "databases", "sqlalchemy"}
    wrong = []
    for path in SOURCES:
        module = module_of(path)
        if module != "driftsentry.db":
            of_ours = ("db_sqlite", "db_postgres")
            wrong += said(path, {name for name in imports_of(path) if room_of(name).startswith(of_ours)})
        if not room_of(module).startswith("db"):
            wrong += said(path, libraries_of(path) & libraries)
    assert wrong == []


def test_models_and_queries_hold_no_http_and_models_no_sql() -> None:
    wrong = []
    for path in SOURCES:
        if path.name in ("model.py", "queries.py", "actions.py"):
            wrong += said(path, libraries_of(path) & {"quart"})
        if path.name == "model.py":
            wrong += said(path, {name for name in imports_of(path) if name.startswith("driftsentry.db")})
    assert wrong == []
