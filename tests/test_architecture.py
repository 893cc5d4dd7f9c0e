"""The house rules of docs/architecture.md, read from the source itself: imports, sizes, names and docstrings."""

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "wanstudio"

GROUND = (
    "data_files",
    "settings_files",
    "settings_types",
    "settings_databases",
    "settings_sign_in",
    "settings_bucket",
    "append_only",
    "encryption",
    "media",
    "storage",
    "provider",
    "work",
    "web",
)
# Each imports the ground and the nouns before it.
NOUNS = (
    *("activity", "accounts", "teams", "notifications", "keys", "uploads", "money", "jobs", "requests"),
    *("videos", "review", "sharing", "usage", "studio"),
)
TOP = ("api", "operations", "management", "templatetags", "urls", "models", "celery", "apps", "settings", "wsgi")
# Inside a noun: a file imports only what stands on a lower layer, or on its own. Files of other names count as 1 where
# they import, and may be imported by all: states and roles stand below the models.
LAYERS = {"models": 0, "verbs": 1, "queries": 1, "words": 1, "forms": 2, "views": 3, "urls": 4, "steps": 3, "api": 3}
# Only these may be the name of more than one module.
SHARED_NAMES = {*LAYERS, "__init__"}
MAX_FILES, MAX_LINES, MAX_FUNCTION_LINES, MAX_PARAMETERS, MAX_ANY_LINES, MAX_PRODUCT_LINES = 15, 250, 50, 5, 60, 36_700
# What the language sheet retires, as words of a module's, function's or constant's name.
RETIRED = {
    *("worry", "trouble", "tend", "mind", "doubt", "tell", "told", "letters", "news", "alarm", "alarms", "wanted"),
    *("former", "belonging", "keyring", "sealed", "crypto", "drift", "adopt", "adopted", "adoption", "tries", "passes"),
    *("guests", "doors", "door", "drawn", "draw", "most", "least", "holds", "rest", "rests", "waits", "turn", "turns"),
}
SUBJECTLESS = re.compile(r"(What|Who|Whoever|How|That|Whether|Where|When|Which|Why|If)\b")


def module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = sorted(file for file in PACKAGE.rglob("*.py") if "migrations" not in file.parts)
MODULES = {module_of(file): file for file in FILES}
TREES = {module: ast.parse(file.read_text()) for module, file in MODULES.items()}


def imports_in(tree: ast.AST, package: list[str]) -> set[str]:
    """Every module that this code of a package imports, at any depth, with relative imports spelled out.

    `from wanstudio.jobs import queue` counts as `wanstudio.jobs.queue`, if that is a module.
    """
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{origin}.{alias.name}" for alias in node.names} & MODULES.keys() or {origin}
    return found


def imported_by(module: str) -> set[str]:
    package = module.split(".")
    return imports_in(TREES[module], package if MODULES[module].name == "__init__.py" else package[:-1])


IMPORTS = {module: imported_by(module) for module in MODULES}


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def ours(module: str) -> set[str]:
    return {name for name in IMPORTS[module] if room_of(name) and name.startswith("wanstudio.")}


def layer_of(module: str, otherwise: int) -> int:
    parts = module.split(".")
    return LAYERS.get(parts[2], otherwise) if len(parts) > 2 else otherwise


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_room_is_in_the_table() -> None:
    assert {room_of(module) for module in MODULES} - {""} == {*GROUND, *NOUNS, *TOP}


def test_every_folder_of_the_ground_and_every_noun_is_in_the_picture() -> None:
    shown = set(re.findall(r'class="name"[^>]*>([a-z]+)</text>', (ROOT / "docs" / "rooms.svg").read_text()))
    assert {*NOUNS, *(room for room in GROUND if (PACKAGE / room).is_dir())} <= shown


@pytest.mark.parametrize("room", [*GROUND, *NOUNS, *TOP])
def test_room_imports_only_what_stands_below_it(room: str) -> None:
    if room in TOP:
        allowed = {*GROUND, *NOUNS, *TOP}
    else:
        allowed = {*GROUND} if room in GROUND else {*GROUND, *NOUNS[: NOUNS.index(room) + 1]}
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if room_of(module) == room
        for name in sorted(ours(module))
        if room_of(name) not in allowed
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", NOUNS)
def test_file_of_a_noun_imports_only_lower_layers(room: str) -> None:
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if room_of(module) == room and module != f"wanstudio.{room}"
        for name in sorted(ours(module))
        if room_of(name) == room and layer_of(name, 0) > layer_of(module, 1)
    ]
    assert not wrong, "\n".join(wrong)


def test_views_import_no_steps_and_no_client_and_steps_no_views() -> None:
    wrong = []
    for module in MODULES:
        kind = [*module.split("."), "", ""][2]
        for name in ours(module):
            other = [*name.split("."), "", ""][2]
            if kind == "views" and (other == "steps" or name.endswith(".client")):
                wrong.append(f"{module} imports {name}")
            if kind == "steps" and other == "views":
                wrong.append(f"{module} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_nothing_at_run_time_imports_tools_or_tests() -> None:
    assert not [name for names in IMPORTS.values() for name in names if name.split(".")[0] in ("tools", "tests")]


@pytest.mark.parametrize("room", ["media", "provider"])
def test_media_and_provider_know_no_tables_and_no_settings(room: str) -> None:
    names = set().union(*(IMPORTS[module] for module in MODULES if room_of(module) == room))
    assert not {name for name in names if name.startswith(("django.db", "django.apps", "django.conf"))}


def test_prices_and_values_of_settings_are_pure() -> None:
    for module in ("wanstudio.money.pricing", "wanstudio.settings_types"):
        roots = {name.split(".")[0] for name in IMPORTS[module]} - {"wanstudio", "environs"}
        assert roots <= sys.stdlib_module_names, module


def test_state_and_money_of_a_job_move_by_verbs_only() -> None:
    for module, tree in TREES.items():
        if room_of(module) not in ("jobs", "requests", "keys") or ".views" in module:
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
                    assert not {word.arg for word in node.keywords} & {"state", "money"}, f"{module}:{node.lineno}"


def test_folder_holds_at_most_fifteen_files() -> None:
    counts = Counter(file.parent for file in FILES if file.name != "__init__.py")
    assert not {str(folder.relative_to(ROOT)): count for folder, count in counts.items() if count > MAX_FILES}


def test_file_has_at_most_250_lines() -> None:
    lengths = {module: len(file.read_text().splitlines()) for module, file in MODULES.items()}
    assert not {module: length for module, length in lengths.items() if length > MAX_LINES}
    assert sum(lengths.values()) <= MAX_PRODUCT_LINES


def test_function_has_at_most_fifty_lines_and_five_parameters() -> None:
    wrong = []
    for module, tree in TREES.items():
        for node in functions(tree):
            length = (node.end_lineno or 0) - node.lineno + 1
            names = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            given = [name for name in names if name not in ("self", "cls", "request")]
            if length > MAX_FUNCTION_LINES or len(given) > MAX_PARAMETERS:
                wrong.append(f"{module}:{node.lineno} {node.name}")
    assert not wrong, "\n".join(wrong)


def test_module_names_are_unique_but_for_the_table() -> None:
    # Django takes a command's name from its file.
    files = [file for file in FILES if "management" not in file.parts]
    names = Counter(file.stem for file in files if file.stem not in SHARED_NAMES)
    # A folder that replaces a file counts as that file.
    names.update(file.parent.name for file in files if file.stem == "__init__" and file.parent.name not in SHARED_NAMES)
    assert not {name: count for name, count in names.items() if count > 1}


def test_no_retired_word_names_a_module_function_or_constant() -> None:
    wrong = []
    for module, tree in TREES.items():
        named = [module.split(".")[-1], *(node.name for node in functions(tree))]
        for node in getattr(tree, "body", []):
            if isinstance(node, ast.Assign):
                named += [target.id for target in node.targets if isinstance(target, ast.Name)]
        # `tell` is a file's own word for where it is.
        words = {name: set(name.lower().split("_")) for name in named if name != "tell" or room_of(module) != "media"}
        wrong += [f"{module}: {name}" for name, parts in words.items() if parts & RETIRED]
    assert not wrong, "\n".join(wrong)


def test_module_docstring_opens_with_its_subject() -> None:
    wrong = []
    for module, tree in TREES.items():
        text = ast.get_docstring(tree) if isinstance(tree, ast.Module) else None
        if text is None:
            if MODULES[module].name != "__init__.py":
                wrong.append(f"{module}: none")
        elif SUBJECTLESS.match(text):
            wrong.append(f"{module}: {text.splitlines()[0]}")
    assert not wrong, "\n".join(wrong)


def test_any_is_for_the_edges() -> None:
    lines = {module: len(re.findall(r"^.*\bAny\b.*$", file.read_text(), re.M)) for module, file in MODULES.items()}
    assert sum(lines.values()) <= MAX_ANY_LINES, {module: count for module, count in lines.items() if count}


def test_provider_is_named_in_its_own_room_only() -> None:
    allowed = ("wanstudio.provider", "wanstudio.settings")
    wrong = [
        module
        for module, file in MODULES.items()
        if not module.startswith(allowed) and "apixo" in file.read_text().lower()
    ]
    assert not wrong, "\n".join(wrong)


def test_imports_are_found_where_they_hide() -> None:
    code = """
if TYPE_CHECKING:
    from . import access
def later():
    from ..jobs import queue
    from ..money.models import Entry
    import wanstudio.keys.forms as c
"""
    assert imports_in(ast.parse(code), ["wanstudio", "teams"]) == {
        "wanstudio.teams.access",
        "wanstudio.jobs.queue",
        "wanstudio.money.models",
        "wanstudio.keys.forms",
    }


def test_decoders_are_loaded_in_processes_of_their_own_only() -> None:
    apart = {"wanstudio.media.decoder_process", "wanstudio.media.probe"}
    apart |= {f"wanstudio.media.pictures.{name}" for name in ("framing", "frames", "matroska", "stills")}
    apart |= {"wanstudio.media.timing.packet_times"}
    apart |= {f"wanstudio.provider.sandbox.{name}" for name in ("clip_motion", "puppet", "stand_in_video")}
    apart |= {"wanstudio.provider.sandbox.render_process"}
    apart |= {f"wanstudio.media.cutting.{name}" for name in ("cut_process", "clip_cut", "sound_cut")}
    scanning = ("scan_process", "clip_scan", "film_strip", "scene_cuts", "softness", "stretches")
    apart |= {f"wanstudio.media.scanning.{name}" for name in scanning}
    for module, names in IMPORTS.items():
        if module not in apart:
            assert not names & apart, module
            assert not {name.split(".")[0] for name in names} & {"av", "PIL"}, module
