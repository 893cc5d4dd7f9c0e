"""JavaScript modules: what they import exists before and after names are hashed, and shared facts stand once."""

import json
import os
import posixpath
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from wanstudio.web.static_files import StaticFiles

JS = settings.BASE_DIR / "static" / "js"
MODULES = {path.relative_to(JS).as_posix(): path.read_text() for path in sorted(JS.rglob("*.js"))}
IMPORT = re.compile(r"""^\s*import\b[^;]*;|^\s*export\b[^;]*\bfrom\s*["'][^;]*;|\bimport\s*\([^;]*;""", re.MULTILINE)
# The one spelling that Django rewrites for certain.
REWRITTEN = re.compile(r"""(?:import|export)(?: [{*][^"'();]* from)? ?"(\.{1,2}/[\w./-]+\.js)";""")
HASHED = re.compile(r"\.[0-9a-f]{12}\.js$")
# What writes times, and the modules that may. A third way to write one belongs into one of the two.
FORMATTER = re.compile(r"\bpadStart\(|\bIntl\.\w*Time\w*|\btoLocale(?:Time|Date)String\(")
# A timecode of frames is another than that of tenths.
FORMATTERS = {"clock.js", "timecode.js", "videos/frames.js"}
MAX_FILES_IN_A_FOLDER = 15


def imports_of(name: str, text: str) -> list[str]:
    """The files that a module imports, as paths like its own."""
    found = [(REWRITTEN.fullmatch(each.strip()), each) for each in IMPORT.findall(text)]
    assert not [each for match, each in found if not match], f"Django does not rewrite these imports of {name}"
    return [posixpath.normpath(posixpath.join(posixpath.dirname(name), match[1])) for match, _ in found if match]


GRAPH = {name: imports_of(name, text) for name, text in MODULES.items()}


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the collected static files, as a studio serves them."""
    folder = tmp_path_factory.mktemp("static")
    storages = settings.STORAGES | {"staticfiles": {"BACKEND": "wanstudio.web.static_files.StaticFiles"}}
    # Compression takes most of the time, and says nothing about names.
    plain = ["css", "js", "json", "map", "svg", "txt", "md"]
    with override_settings(STATIC_ROOT=folder, STORAGES=storages, WHITENOISE_SKIP_COMPRESS_EXTENSIONS=plain):
        call_command("collectstatic", verbosity=0, interactive=False)
        yield folder


def test_imports_name_modules_that_exist() -> None:
    assert sum(map(len, GRAPH.values())) > 30
    assert {name for names in GRAPH.values() for name in names} <= MODULES.keys()


def test_modules_do_not_import_each_other_in_circles() -> None:
    """Each hash would depend on itself, and collecting would not come to an end."""
    left = {name: set(names) for name, names in GRAPH.items()}
    while leaves := {name for name, names in left.items() if not names & left.keys()}:
        left = {name: names for name, names in left.items() if name not in leaves}
    assert not left


def test_every_module_is_used_by_a_page() -> None:
    pages = "".join(path.read_text() for path in (settings.BASE_DIR / "templates").rglob("*.html"))
    used = set(re.findall(r"""\{% static ['"]js/([^'"]+)['"]""", pages))
    for _ in MODULES:
        used |= {name for user in used & GRAPH.keys() for name in GRAPH[user]}
    assert used == MODULES.keys()


def test_times_are_written_by_one_clock_and_two_timecodes() -> None:
    assert {name for name, text in MODULES.items() if FORMATTER.search(text)} == FORMATTERS


def test_hidden_tabs_are_noticed_by_the_poller_alone() -> None:
    assert [name for name, text in MODULES.items() if "visibilitychange" in text or "document.hidden" in text] == [
        "poller.js"
    ]


def test_folders_of_modules_stay_small() -> None:
    assert max(Counter(posixpath.dirname(name) for name in MODULES).values()) <= MAX_FILES_IN_A_FOLDER


def test_collected_modules_import_hashed_files_that_exist(collected: Path) -> None:
    """Of a page's own script one file is loaded beside it: a browser never mixes an old module with a new one."""
    paths: dict[str, str] = json.loads((collected / "staticfiles.json").read_text())["paths"]
    bundle = paths["js/base.js"]
    assert HASHED.search(bundle)
    assert imports_of(bundle, (collected / bundle).read_text()) == []
    for name in MODULES.keys() - {"base.js"}:
        hashed = paths[f"js/{name}"]
        assert HASHED.search(hashed)
        assert imports_of(hashed, (collected / hashed).read_text()) == [bundle]
    assert (collected / bundle).is_file()


def test_collected_scripts_of_packages_are_as_they_came(collected: Path) -> None:
    paths: dict[str, str] = json.loads((collected / "staticfiles.json").read_text())["paths"]
    scripts = [name for name in paths if name.endswith(".js") and not name.startswith("js/")]
    assert len(scripts) > 5
    assert [name for name in scripts if (collected / name).read_bytes() != (collected / paths[name]).read_bytes()] == []


def test_files_of_earlier_versions_are_deleted_a_month_after_their_last_day(collected: Path, tmp_path: Path) -> None:
    """Pages that are open go on with the version that they came from, and the current files stay however old."""
    folder = tmp_path / "static"
    shutil.copytree(collected, folder)
    current, original = (
        folder / json.loads((folder / "staticfiles.json").read_text())["paths"]["js/poller.js"],
        folder / "js/poller.js",
    )
    lately, long_ago = folder / "js/app.0123456789ab.js", folder / "js/app.ba9876543210.js"
    for path, days in ((current, 90), (original, 90), (lately, 29), (long_ago, 31)):
        path.touch()
        os.utime(path, (time.time() - days * 86400,) * 2)
    storage = StaticFiles(location=str(folder))
    storage.mark_current()
    assert (current.stat().st_mtime > time.time() - 60, original.stat().st_mtime > time.time() - 60) == (True, False)
    assert storage.delete_old() == 1
    assert [path.exists() for path in (current, original, lately, long_ago)] == [True, True, True, False]


def test_files_are_collected_again_only_if_something_has_changed(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "static"
    source.mkdir()
    (source / "page.css").write_text("a { color: red }")
    storages = settings.STORAGES | {"staticfiles": {"BACKEND": "wanstudio.web.static_files.StaticFiles"}}
    only = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    with override_settings(STATIC_ROOT=target, STATICFILES_DIRS=[source], STATICFILES_FINDERS=only, STORAGES=storages):
        assert [StaticFiles().collect() for _ in range(2)] == [True, False]
        (source / "page.css").write_text("a { color: tan }")
        assert [StaticFiles().collect() for _ in range(2)] == [True, False]
        hashed = StaticFiles().hashed_files["page.css"]
        assert "tan" in (target / hashed).read_text()
        (target / hashed).unlink()
        assert [StaticFiles().collect() for _ in range(2)] == [True, False]
        assert (target / hashed).exists()


def test_going_back_to_a_version_and_forth_again_collects_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "static"
    source.mkdir()
    storages = settings.STORAGES | {"staticfiles": {"BACKEND": "wanstudio.web.static_files.StaticFiles"}}
    only = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    with override_settings(STATIC_ROOT=target, STATICFILES_DIRS=[source], STATICFILES_FINDERS=only, STORAGES=storages):
        for color, is_collected in (("red", True), ("tan", True), ("red", False), ("tan", False)):
            (source / "page.css").write_text(f"a {{ color: {color} }}")
            assert StaticFiles().collect() == is_collected
            assert color in (target / StaticFiles().hashed_files["page.css"]).read_text()
        long_ago = time.time() - 40 * 86400
        for path in target.iterdir():
            os.utime(path, (long_ago, long_ago))
        StaticFiles().mark_current()
        StaticFiles().delete_old()
        assert not StaticFiles().collect()
        assert len(list(target.glob("staticfiles-*.json"))) == 1
        # What is gone is collected again.
        (source / "page.css").write_text("a { color: red }")
        assert StaticFiles().collect()


def test_what_an_image_was_built_with_is_copied_and_what_it_lacks_is_collected(tmp_path: Path) -> None:
    source, target, built = tmp_path / "source", tmp_path / "static", tmp_path / "collected"
    source.mkdir()
    (source / "page.css").write_text("a { color: red }")
    storages = settings.STORAGES | {"staticfiles": {"BACKEND": "wanstudio.web.static_files.StaticFiles"}}
    only = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    with override_settings(STATICFILES_DIRS=[source], STATICFILES_FINDERS=only, STORAGES=storages, BASE_DIR=tmp_path):
        with override_settings(STATIC_ROOT=built):
            StaticFiles().collect()
            name = StaticFiles().hashed_files["page.css"]
        (built / name).write_text("of the image")
        with override_settings(STATIC_ROOT=target):
            assert [StaticFiles().collect() for _ in range(2)] == [True, False]
            assert (target / name).read_text() == "of the image"
            (source / "page.css").write_text("a { color: tan }")
            assert StaticFiles().collect()
            assert "tan" in (target / StaticFiles().hashed_files["page.css"]).read_text()
            assert (target / name).exists(), "pages of the version before are open"
