"""Sentences of the product: no word that people had to read twice, in templates, scripts, Python and its comments."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RETIRED = re.compile(
    r"\b(somebody|anybody|everybody|nobody|whoever|whatever|whichever|lies|stands|may|shall|thereof|anew|amiss"
    r"|at once|by itself|by themselves|of its own|of their own|under way|(?:take|takes|taken|took) back"
    r"|drawn by|draws one|draw a token|let \w+ draw|stands? in|stand-ins?|put back|is told|by now|from now on)\b",
    re.IGNORECASE,
)
RETIRED_IN_CODE = re.compile(
    r"\b(somebody|anybody|everybody|nobody|whoever|whichever|lies|stands|may|shall|anew|amiss|under way"
    r"|by itself|by themselves)\b",
    re.IGNORECASE,
)
# Where the word has its usual meaning, or is read by nobody but developers: messages of errors that no page shows.
EXCEPTIONS = {
    "wanstudio/jobs/verbs/moves.py": {"as it stands"},
    "wanstudio/jobs/verbs/recovery.py": {"may still follow it itself"},
    "wanstudio/accounts/queries.py": {"nobody is signed in"},
    "templates/studio/_options.html": {"the setting of its own picture"},
}
SAID_IN_TAGS = re.compile(
    r"(?:fact|consequence|sentence|title|label|heading|aside|idle|busy|aria-label|placeholder|alt)=\"([^\"]*)\""
)
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|TRIGGER)\b")


def of_template(path: Path) -> Iterator[str]:
    text = re.sub(r"{#.*?#}", "", path.read_text(), flags=re.DOTALL)
    yield from SAID_IN_TAGS.findall(text)
    yield from re.split(r"<[^>]*>|{%.*?%}|{{.*?}}", text)


def of_script(path: Path) -> Iterator[str]:
    code = re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.MULTILINE)
    for found in re.finditer(r"\"([^\"\n]*)\"|`([^`]*)`", code):
        yield found[1] or found[2] or ""


def of_python(path: Path) -> Iterator[str]:
    """Every string but docstrings, SQL and what developers read about a column."""
    tree = ast.parse(path.read_text())
    not_said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    if "models" in str(path):
        not_said |= {
            id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "help_text"
        }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in not_said:
            yield "" if SQL.search(node.value) else node.value


def of_comments(path: Path) -> Iterator[str]:
    text = path.read_text()
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    yield from (token.string for token in tokens if token.type == tokenize.COMMENT)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""


def of_prose(path: Path) -> Iterator[str]:
    yield from path.read_text().splitlines()


def sentences() -> Iterator[tuple[str, str]]:
    """File and text of everything that people read."""
    for read, folder, pattern in [
        (of_template, "templates", "*.html"),
        (of_template, "templates", "*.txt"),
        (of_script, "static/js", "*.js"),
        (of_script, "tests/contract", "openapi.json"),
        (of_python, "wanstudio", "*.py"),
        (of_prose, ".", "README.md"),
        (of_prose, "docs", "*.md"),
        (of_prose, ".", ".env.example"),
    ]:
        # A pattern at the root names one file, and no folder of tools beside it is read.
        for path in sorted((ROOT / folder).glob(pattern) if folder == "." else (ROOT / folder).rglob(pattern)):
            if "migrations" not in path.parts:
                name = str(path.relative_to(ROOT))
                yield from ((name, text) for text in read(path) if " " in text.strip())


def test_no_page_mail_or_command_says_a_retired_word() -> None:
    said = [
        f"{name}: “{found[0]}” in “{text.strip()[:100]}”"
        for name, text in sentences()
        for found in [RETIRED.search(text)]
        if found and not any(phrase in text for phrase in EXCEPTIONS.get(name, ()))
    ]
    assert said == []


def test_no_comment_or_docstring_says_a_retired_word() -> None:
    said = [
        f"{path.relative_to(ROOT)}: “{found[0]}” in “{text[:100]}”"
        for path in sorted((ROOT / "wanstudio").rglob("*.py"))
        if "migrations" not in path.parts
        for text in of_comments(path)
        for found in [RETIRED_IN_CODE.search(text)]
        if found
    ]
    assert said == []


@pytest.mark.parametrize(
    ("name", "phrase"), [(name, phrase) for name, all_of in EXCEPTIONS.items() for phrase in all_of]
)
def test_each_exception_is_still_needed(name: str, phrase: str) -> None:
    assert any(phrase in text for file, text in sentences() if file == name)


def test_what_people_read_is_found_where_it_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '{# somebody #}<p class="lies in">It may {{ x }} be</p>{% include "a" with fact="It stands here." %}'
    )
    assert [text for text in of_template(page) if RETIRED.search(text)] == ["It stands here.", "It may "]
    code = tmp_path / "words.py"
    code.write_text('"""Somebody."""\nA = f"Nobody {x} knows."\n')
    assert [text for text in of_python(code) if RETIRED.search(text)] == ["Nobody "]
    assert [text for text in of_comments(code) if RETIRED_IN_CODE.search(text)] == ["Somebody."]
    script = tmp_path / "page.js"
    script.write_text('// may\nsay("This goes on by itself.");\n')
    assert [text for text in of_script(script) if RETIRED.search(text)] == ["This goes on by itself."]
