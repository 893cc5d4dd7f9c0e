"""The arrow, asserted: who may import whom, read from the source itself.

browser → views → models (+ pricing, preflight) ⇒ job row ⇒ worker → provider, media → storage
"""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "wanstudio"

# A room, and the rooms of ours that it may import from (itself always). What is not listed stands above all of them:
# settings, urls, management commands, the supervisor, celery.
ROOMS: dict[str, set[str]] = {
    "options": set(),
    "logs": set(),
    "pricing": set(),
    "roles": set(),
    "preflight": {"pricing"},
    "provider": {"media"},
    "media": set(),
    "crypto": {"options"},
    "sealed": set(),
    "models": {"pricing", "roles", "crypto"},
    "keyring": {"models", "crypto", "options"},
    "quoting": {"pricing"},
    "addresses": {"models", "media", "options"},
    "probing": {"models", "media", "addresses"},
    "forms": {"models", "media", "pricing", "preflight", "quoting", "addresses", "probing"},
    "views": {
        *("forms", "models", "media", "pricing", "preflight", "quoting", "addresses", "probing", "options"),
        *("provider", "roles", "logs", "crypto", "keyring", "sealed"),
    },
    "api": {"views", "forms", "models", "pricing", "quoting", "roles", "keyring"},
    "worker": {"models", "media", "provider", "addresses", "probing", "logs", "crypto", "keyring", "options"},
}
# Of a room, only these modules may be imported from there: views read the provider's words, and call nobody.
ONLY: dict[tuple[str, str], set[str]] = {
    ("views", "provider"): {
        "wanstudio.provider.messages",
        "wanstudio.provider.sentences",
        "wanstudio.provider.failures",
    },
    ("views", "media"): {"wanstudio.media.ranged"},
}
PURE = {"pricing", "preflight", "roles"}
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_in(code: str, package: list[str]) -> set[str]:
    """Every module that this code of a package imports, at any depth, with relative imports spelled out.

    `from wanstudio.worker import submit` counts as `wanstudio.worker.submit`, if that is a module.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            submodules = {f"{origin}.{alias.name}" for alias in node.names} & MODULES
            found |= submodules or {origin}
    return found


def imported_by(file: Path) -> set[str]:
    package = module_of(file).split(".")
    return imports_in(file.read_text(), package if file.name == "__init__.py" else package[:-1])


MODULES = {module_of(file) for file in FILES}
IMPORTS = {module_of(file): imported_by(file) for file in FILES}


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def ours(module: str) -> set[str]:
    return {name for name in IMPORTS[module] if name.split(".")[0] == "wanstudio"}


@pytest.mark.parametrize("module", sorted(name for name in IMPORTS if room_of(name) in ROOMS and ours(name)))
def test_the_arrow(module: str) -> None:
    room = room_of(module)
    for name in ours(module):
        there = room_of(name)
        assert there == room or there in ROOMS[room], f"{module} must not import {name}"
        if there != room and (room, there) in ONLY:
            assert name in ONLY[room, there], f"{module} must not import {name}"


def test_the_arrow_has_no_circle() -> None:
    """Rooms can be put in an order in which each imports only what stands before it."""
    placed: set[str] = set()
    while left := ROOMS.keys() - placed:
        free = {room for room in left if ROOMS[room] <= placed}
        assert free, f"a circle among {sorted(left)}"
        placed |= free


def test_only_one_module_joins_worker_and_client() -> None:
    users = {module for module, names in IMPORTS.items() if "wanstudio.provider.client" in names}
    assert users - {"wanstudio.provider.client"} == {"wanstudio.keys.provider_calls"}


def test_only_commands_start_the_worker_and_the_sandbox() -> None:
    for module, names in IMPORTS.items():
        for start in ("wanstudio.worker", "wanstudio.provider.sandbox"):
            if any(name.startswith(start) for name in names) and not module.startswith(start):
                assert room_of(module) in ("management", "celery"), f"{module} must not import {start}"


@pytest.mark.parametrize("module", sorted(name for name in IMPORTS if room_of(name) in PURE | {"options"}))
def test_the_pure_ones_know_no_django(module: str) -> None:
    roots = {name.split(".")[0] for name in IMPORTS[module]} - {"wanstudio", "environs"}
    assert roots <= sys.stdlib_module_names
    if room_of(module) in PURE:
        assert not roots & {"os", "pathlib", "random", "time", "socket", "subprocess"}, (
            "pure: nothing but its arguments"
        )


@pytest.mark.parametrize("room", ["provider", "media"])
def test_these_rooms_know_none_of_our_tables(room: str) -> None:
    names = set().union(*(IMPORTS[module] for module in IMPORTS if room_of(module) == room))
    forbidden = ("django.db", "django.apps", "django.conf", "django.contrib")
    assert not {name for name in names if name.startswith(forbidden)}


def test_models_know_nothing_of_requests() -> None:
    names = set().union(*(IMPORTS[module] for module in IMPORTS if room_of(module) == "models"))
    assert not {name for name in names if name.startswith(("requests", "urllib3", "http", "django.http"))}


def test_look_ups_have_one_door() -> None:
    """`views/access/` is one to everybody else: what it does not hand out stays inside."""
    door = "wanstudio.views.access"
    for module, names in IMPORTS.items():
        inside = module == door or module.startswith(f"{door}.")
        assert inside or not {name for name in names if name.startswith(f"{door}.")}, module


def test_state_moves_by_verbs_only() -> None:
    """Nothing but the moves behind the verbs writes a job's state or money. A stored key has a state of its own."""
    for file in FILES:
        if (
            file.name in ("job_moves.py", "adoption.py", "spend_request.py", "stored_key.py")
            or "migrations" in file.parts
        ):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
                written = {keyword.arg for keyword in node.keywords}
                assert not written & {"state", "money"}, f"{file.name}:{node.lineno}"
            if isinstance(node, ast.Assign):
                targets = {target.attr for target in node.targets if isinstance(target, ast.Attribute)}
                assert not targets & {"money"}, f"{file.name}:{node.lineno}"


def test_imports_are_found_where_they_hide() -> None:
    code = """
if TYPE_CHECKING:
    from . import access
def later():
    from ..worker import submit, waits
    from ..models import Job
    import wanstudio.provider.client as c
"""
    assert imports_in(code, ["wanstudio", "views"]) == {
        "wanstudio.views.access",
        "wanstudio.jobs.steps.submission",
        "wanstudio.keys.intervals",
        "wanstudio.models",
        "wanstudio.provider.client",
    }
