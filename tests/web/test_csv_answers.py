"""CSV: whatever a text holds, no spreadsheet finds a formula in it, by whichever separator it splits."""

import csv
import io
import random
from decimal import Decimal
from typing import Any

import pytest

from wanstudio.web.csv_answers import csv_file, safe

SIGNS = "=+-@＝＋－＠﹦\t\r\n"
# What a spreadsheet skips, or takes for the end of a cell, for a quote, or for nothing at all.
SKIPPED = [*" ,;|\t\r\n\"'\\/()<", "\u00a0", "\u200b", "\ufeff", "\u2060", "\u200e", "\u3000", "\u2028", "\x01", "\x85"]


def cells(rows: list[list[object]], separator: str) -> list[str]:
    answer: Any = csv_file("x.csv", ("one", "two", "three"), rows)
    text = b"".join(answer.streaming_content).decode()
    return [cell for row in csv.reader(io.StringIO(text), delimiter=separator) for cell in row]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_no_cell_begins_with_a_sign_of_a_formula(separator: str) -> None:
    chance = random.Random(9)
    rows: list[list[object]] = [
        ["".join(chance.choices([*SIGNS, *SKIPPED, "a", "1"], k=chance.randrange(1, 9))) for _ in range(3)]
        for _ in range(3000)
    ]
    skipped = "".join(SKIPPED).replace("'", "")
    assert [cell for cell in cells(rows, separator) if cell.lstrip(skipped).startswith(tuple(SIGNS))] == []


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@a", "\t=1", " =1", "\r@x", "＝1", ";=1", '";=1', "\ufeff=1", "(=1"]
)
def test_a_formula_is_text(text: str) -> None:
    assert safe(text).startswith("'")


def test_a_formula_after_a_separator_is_text() -> None:
    assert [safe(text) for text in ("a;=1", "a,-1", 'a\t"@1', "a|\u200b+1")] == [
        "a;'=1",
        "a,'-1",
        'a "@1',
        "a|'\u200b+1",
    ]


def test_other_text_stays() -> None:
    plain = ["", "Mira", "a=b", "Quay, at dawn; 2 of 3", "x - y", "2026-11-27T18:00:00+00:00", "::1", "ann@example.com"]
    assert [safe(text) for text in plain] == plain
    assert (safe("a\nb"), safe("\ta")) == ("a b", " a")


def test_every_field_is_quoted_and_numbers_stay_numbers() -> None:
    answer: Any = csv_file("x.csv", ("one",), [['say "=1"', Decimal("-1.14"), None]])
    assert b"".join(answer.streaming_content).decode() == '"one"\r\n"say ""=1""","-1.14",""\r\n'
