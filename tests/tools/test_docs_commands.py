"""The documents: each command is run by a test or says why not, each link leads somewhere, each page fits on one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import docs_commands
from tests.docs_commands import NOT_RUN, PAGES, ROOT, Block

# A page that needs more is two pages. These are not read from top to bottom.
MAX_LINES = 120
LONG_PAGES = {"docs/architecture.md"}
READERS = {"commands", "settings"}


def test_every_command_is_run_by_a_test_or_says_why_not() -> None:
    read = set(_read_by_tests())
    unread = [
        f"{page}, {' › '.join(block.headings)}: {block.lines[0]}"
        for page in PAGES
        for block in docs_commands.blocks(page)
        if block.language in ("sh", "") and not _is_read(page, block, read)
    ]
    assert unread == []


def _is_read(page: str, block: Block, read: set[tuple[str, str]]) -> bool:
    if block.after.startswith(NOT_RUN):
        return True
    return block.language == "sh" and any((page, heading) in read for heading in block.headings)


def _read_by_tests() -> Iterator[tuple[str, str]]:
    """Page and heading of each call of a reader; a heading that is a variable there is written in the same file."""
    for path in (ROOT / "tests").rglob("*.py"):
        text = path.read_text()
        if "docs_commands" not in text or path == Path(__file__):
            continue
        nodes = list(ast.walk(ast.parse(text)))
        written = [str(node.value) for node in nodes if isinstance(node, ast.Constant)]
        for node in nodes:
            if isinstance(node, ast.Call) and _name(node.func) in READERS:
                page, *headings = [str(each.value) for each in node.args if isinstance(each, ast.Constant)]
                yield from ((page, heading) for heading in headings or written)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("page", PAGES)
def test_links_of_pages_lead_somewhere(page: str) -> None:
    folder = (ROOT / page).parent
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", (ROOT / page).read_text()):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = folder / path if path else ROOT / page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            wrong.append(target)
    assert wrong == []


def _anchors(file: Path) -> set[str]:
    """As the common viewers make them: small letters, signs gone, dashes between the words."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-") for name in headings}


@pytest.mark.parametrize("page", [page for page in PAGES if page not in LONG_PAGES])
def test_a_page_is_short(page: str) -> None:
    assert len((ROOT / page).read_text().splitlines()) <= MAX_LINES


def test_commands_are_read_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.md").write_text(
        "# Page\n```sh\nfirst  # said\n```\n## Inner\n```sh\n# Only said.\nsecond \\\n    --more DIR\n```\n"
        "1. In a list:\n   ```ini\n   # Said.\n   NAME=a=b\n   ```\n## Next\n```sh\nthird\n```\n"
    )
    monkeypatch.setattr(docs_commands, "ROOT", tmp_path)
    assert docs_commands.commands("page.md", "Inner", {"DIR": "/here"}) == ["second --more /here"]
    assert docs_commands.commands("page.md", "Page", {"DIR": "/here"}) == ["first", "second --more /here", "third"]
    assert docs_commands.settings("page.md", "Inner") == {"NAME": "a=b"}
    with pytest.raises(AssertionError, match="no command names GONE"):
        docs_commands.commands("page.md", "Next", {"GONE": "x"})
    with pytest.raises(AssertionError, match="has no sh block"):
        docs_commands.commands("page.md", "Nowhere")
    assert docs_commands.run(["cat page.md | head -1", "echo $NAME"], tmp_path, {"NAME": "x"}) == "# Page\nx\n"
    with pytest.raises(AssertionError, match="false"):
        docs_commands.run(["false", "touch gone"], tmp_path, {})
    assert not (tmp_path / "gone").exists()
