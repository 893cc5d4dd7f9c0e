"""The tree as a whole: named files exist, and the documents are true."""

import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from wanstudio.provider import providers
from wanstudio.provider.sandbox.request_body import TABLE

ROOT = Path(__file__).resolve().parent.parent
# Mails are no pages: their programs know neither our stylesheet nor our content policy.
PAGES = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if path.name != "mail.html")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_template_names_static_files_that_exist_and_keeps_the_content_policy(template: Path) -> None:
    text = template.read_text()
    named = re.findall(r"""\{% static ['"]([^'"]+)['"]""", text)
    assert not [name for name in named if not finders.find(name)]
    assert not re.findall(r"<[^>{]*\s(style|on[a-z]+)=", text), "no inline style or handler"
    # What says it is JSON is data, and never runs.
    assert not re.findall(r"<script(?![^>]*(\bsrc=|type=\"application/json\"))", text), "no inline script"
    assert not re.findall(r"<style", text)


def test_page_of_the_sandbox_lists_every_test_prompt() -> None:
    page = (ROOT / "docs" / "sandbox.md").read_text()
    assert [prompt for prompt, meaning in TABLE.items() if f"| `{prompt}` | {meaning} |" not in page] == []


def test_env_example_lists_every_setting() -> None:
    settings = "".join(file.read_text() for file in (ROOT / "wanstudio").glob("settings*.py"))
    read = set(re.findall(r"""env\.\w+\(\s*"([A-Z0-9_]+)\"""", settings))
    per_provider = re.findall(r"""\.variable\("([A-Z_]+)"\)""", settings)
    read |= {provider.variable(name) for provider in providers.BILLED for name in per_provider}
    listed = set(re.findall(r"^#?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    assert read - listed == set()
    assert listed - read == set()


def test_nothing_is_named_that_exists_on_one_machine_only() -> None:
    suspects = re.compile(r"(?<![\w.])/(home|root|work|farm)/\w")
    texts = [path for kind in ("*.py", "*.md", "*.html", "*.js", "*.css") for path in (ROOT / "wanstudio").rglob(kind)]
    assert [str(path) for path in [*texts, *TEMPLATES, *PAGES] if suspects.search(path.read_text())] == []


def test_version_that_runs_is_the_one_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == settings.VERSION
