"""Bundles: the parts keep their order, layers and addresses, and what cannot be read for certain is refused."""

import re

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage

from wanstudio.web.bundles import Paths, bundled

STATIC = settings.BASE_DIR / "static"


def files(**texts: str) -> Paths:
    storage = InMemoryStorage()
    names = {name.replace("__", "/").replace("_", "."): text for name, text in texts.items()}
    for name, text in names.items():
        storage.save(name, ContentFile(text.encode()))
    return {name: (storage, name) for name in names}


def text_of(paths: Paths, name: str) -> str:
    storage, path = paths[name]
    with storage.open(path) as file:
        return str(file.read().decode())


def test_the_stylesheet_holds_each_part_in_its_layer_and_in_its_order() -> None:
    ours = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*.css")}
    paths = {name: (FileSystemStorage(STATIC), name) for name in ours}
    whole = text_of(bundled(paths), "css/app.css")
    assert "@import" not in whole
    assert "@layer pico, tokens, base, layout, components, pages;" in whole
    imports = re.findall(r'@import url\("([^"]+)"\) layer\((\w+)\);', ours["css/app.css"].read_text())
    assert len(imports) == len(ours) - 1
    assert re.findall(r"^@layer (\w+) \{$", whole, re.MULTILINE) == [layer for _, layer in imports]
    for name, path in ours.items():
        last = path.read_text().rstrip().rsplit("\n", 1)[-1]
        assert name == "css/app.css" or last in whole


def test_addresses_in_a_part_lead_to_the_same_file_from_the_bundle() -> None:
    part = 'a { background: url("../../img/a.svg") } b { background: url("data:image/svg+xml,x") }'
    paths = files(css__app_css='@import url("parts/a.css") layer(pages);\n', css__parts__a_css=part)
    whole = text_of(bundled(paths), "css/app.css")
    assert whole == f"@layer pages {{\n{part.replace('../../', '../')}\n}}\n"


def test_modules_become_functions_that_run_as_they_are_imported() -> None:
    paths = files(
        js__base_js='import "./ui/a.js";\n',
        js__ui__a_js='import { b, c } from "../b.js";\nexport function a() { return b + c(); }\n',
        js__b_js="export const b = 1;\nexport async function c() {}\n",
    )
    whole = text_of(bundled(paths), "js/base.js")
    assert 'const { b, c } = run("js/b.js");\nfunction a() { return b + c(); }\n\nreturn { a };' in whole
    assert "const b = 1;\nasync function c() {}\n\nreturn { b, c };" in whole
    assert whole.endswith('run("js/base.js");\n')
    assert text_of(bundled(paths), "js/ui/a.js") == 'import { run } from "../base.js";\nrun("js/ui/a.js");\n'
    assert text_of(bundled(paths), "js/b.js") == 'import { run } from "./base.js";\nrun("js/b.js");\n'


@pytest.mark.parametrize(
    "text",
    [
        "import a from './a.js';\n",
        'import * as a from "./a.js";\n',
        "export let a = 1;\n",
        "export default 1;\n",
        'export { a } from "./a.js";\n',
        'const a = await import("./a.js");\n',
    ],
)
def test_a_spelling_that_is_not_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"js/b\.js cannot be bundled"):
        bundled(files(js__base_js="", js__b_js=text))


def test_an_import_without_a_layer_is_refused() -> None:
    with pytest.raises(ValueError, match=r"css/app\.css cannot be bundled"):
        bundled(files(css__app_css='@import "a.css";\n'))
