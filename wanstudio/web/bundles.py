"""Bundles: one stylesheet and one script, made of the files of `static/css` and `static/js` as they are collected.

A bundle has the name of the file that it is made of, so that templates name the same file with and without it; as
developed, a page loads the parts one by one. Spellings that are not read here are refused, never guessed.
"""

import posixpath
import re
from collections.abc import Mapping

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage

STYLES, SCRIPTS = "css/app.css", "js/base.js"
_STYLE = re.compile(r'^@import url\("([^"]+)"\) layer\((\w+)\);$', re.MULTILINE)
_ADDRESS = re.compile(r'\burl\((["\']?)(\.[^"\')]+)\1\)')
_CHARSET = re.compile(r'^@charset "UTF-8";', re.IGNORECASE)
_IMPORT = re.compile(r'^import (?:(\{ [\w, ]+ \}) from )?"(\.{1,2}/[\w./-]+\.js)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|const) (\w+)", re.MULTILINE)
_UNREAD = re.compile(r"^\s*(?:@import|import|export)\b.*|\bimport\(.*", re.MULTILINE)

# What `collectstatic` hands on: the name of a file, and where to read it.
Paths = Mapping[str, tuple[Storage, str]]


def bundled(paths: Paths) -> dict[str, tuple[Storage, str]]:
    """The same files, where bundles take the place of what is bundled."""
    made = InMemoryStorage()
    scripts = sorted(name for name in paths if name.startswith("js/") and name.endswith(".js"))
    texts = {name: _entry(name) for name in scripts}
    if SCRIPTS in paths:
        texts[SCRIPTS] = _all_scripts({name: _read(paths, name) for name in scripts})
    if STYLES in paths:
        texts[STYLES] = _all_styles(paths)
    for name, text in texts.items():
        made.save(name, ContentFile(text.encode()))
    return {**paths, **{name: (made, name) for name in texts}}


def _read(paths: Paths, name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as file:
        return str(file.read().decode())


def _all_styles(paths: Paths) -> str:
    def part(found: re.Match[str]) -> str:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(STYLES), found[1]))
        text = _ADDRESS.sub(lambda address: _moved(address, name), _CHARSET.sub("", _read(paths, name)))
        return f"@layer {found[2]} {{\n{_all_read(name, text)}\n}}"

    return _all_read(STYLES, _STYLE.sub(part, _read(paths, STYLES)))


def _moved(found: re.Match[str], name: str) -> str:
    """An address as it is written in the bundle instead of in the file `name`."""
    target = posixpath.join(posixpath.dirname(name), found[2])
    return f'url("{posixpath.relpath(target, posixpath.dirname(STYLES))}")'


def _all_scripts(texts: Mapping[str, str]) -> str:
    """Each module is a function that runs when it is first imported, as a browser does it. There are no circles."""
    modules = "".join(f'"{name}"() {{\n{_module(name, text)}}},\n' for name, text in texts.items())
    run = "const ran = {};\nexport const run = (name) => (ran[name] ??= modules[name]());\n"
    return f'const modules = {{\n{modules}}};\n{run}run("{SCRIPTS}");\n'


def _module(name: str, text: str) -> str:
    def imported(found: re.Match[str]) -> str:
        module = posixpath.normpath(posixpath.join(posixpath.dirname(name), found[2]))
        return f'const {found[1]} = run("{module}");' if found[1] else f'run("{module}");'

    exported = ", ".join(found[2] for found in _EXPORT.finditer(text))
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(imported, text))
    return f"{_all_read(name, body)}\nreturn {{ {exported} }};\n"


def _entry(name: str) -> str:
    """What a page loads in the module's place."""
    bundle = posixpath.relpath(SCRIPTS, posixpath.dirname(name))
    return f'import {{ run }} from "{bundle if bundle.startswith(".") else f"./{bundle}"}";\nrun("{name}");\n'


def _all_read(name: str, text: str) -> str:
    if left := _UNREAD.search(text):
        raise ValueError(f"{name} cannot be bundled: {left[0].strip()}")
    return text
