"""Commands and settings of the documents, for the tests that run them: what a page says is what is run.

    commands("docs/upgrade.md", "Rolling back")   # the lines of its fenced `sh` blocks
    settings("docs/proxies.md", "nginx")          # NAME=value of its fenced `ini` blocks, for .env

A heading includes what is below it, up to the next heading of its rank. A block that no test runs is followed by a
paragraph that begins with `No test runs this:` and says why: `tests/tools/test_docs_commands.py` asserts it.
"""

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
HEADING = re.compile(r"(#+) (.*)")
NOT_RUN = "No test runs this:"


@dataclass(frozen=True)
class Block:
    """A fenced block: the headings above it from the top one on, its language, its lines, and what follows it."""

    headings: tuple[str, ...]
    language: str
    lines: tuple[str, ...]
    after: str


def blocks(page: str) -> Iterator[Block]:
    lines = (ROOT / page).read_text().splitlines()
    headings: list[tuple[int, str]] = []
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if line.startswith("```"):
            end = next(number for number in range(at + 1, len(lines)) if lines[number].strip() == "```")
            indent = len(lines[at]) - len(lines[at].lstrip())
            inside = tuple(each[indent:] for each in lines[at + 1 : end])
            after = next((each.strip() for each in lines[end + 1 :] if each.strip()), "")
            yield Block(tuple(name for _, name in headings), line.removeprefix("```"), inside, after)
            at = end
        elif found := HEADING.fullmatch(line):
            rank = len(found[1])
            headings = [(other, name) for other, name in headings if other < rank] + [(rank, found[2])]
        at += 1


def commands(page: str, heading: str, values: Mapping[str, str] = MappingProxyType({})) -> list[str]:
    """The commands below this heading, one a line: without comments, and lines that end in a backslash are joined.

    `values` replace their keys in them: placeholders, and what differs for a test. A key that is in no command fails.
    """
    found: list[str] = []
    for line in _lines(page, heading, "sh"):
        if found and found[-1].endswith("\\"):
            found[-1] = f"{found[-1][:-1].rstrip()} {line.strip()}"
        else:
            found.append(line)
    bare = (re.sub(r"(^|\s+)#\s.*", "", line).strip() for line in found)
    return replaced([line for line in bare if line], values)


def settings(page: str, heading: str, values: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The settings below this heading, as .env has them."""
    lines = replaced([line for line in _lines(page, heading, "ini") if line.strip() and line[0] != "#"], values)
    return dict(line.split("=", 1) for line in lines)


def replaced(lines: Sequence[str], values: Mapping[str, str]) -> list[str]:
    text = "\n".join(lines)
    for old, new in values.items():
        assert old in text, f"no command names {old}"
        text = text.replace(old, new)
    return text.split("\n")


def run(lines: Sequence[str], folder: Path, env: Mapping[str, str], timeout_s: float = 300) -> str:
    """What one shell says that runs these lines in `folder` and stops at the first that fails; it must not fail."""
    done = subprocess.run(
        ["sh", "-eu"],
        input="\n".join(lines) + "\n",
        cwd=folder,
        env=dict(env),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"{lines}\n{done.stdout[-3000:]}"
    return done.stdout


def _lines(page: str, heading: str, language: str) -> list[str]:
    found = [block for block in blocks(page) if heading in block.headings and block.language == language]
    assert found, f"{page} has no {language} block below “{heading}”"
    return [line for block in found for line in block.lines]
