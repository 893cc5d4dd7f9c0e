"""The log: its content, and the secrets that it never contains, read from the lines as they are written."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.fake_apixo import KEY
from tests.worker_fixtures import MakeJob, apixo, film, job, make_job  # noqa: F401 (fixtures)
from tests.worker_steps import running, step
from wanstudio.accounts.models import User
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.operations.logs import AddAbout, JsonLines, Records, TextLines
from wanstudio.teams.models import Team
from wanstudio.uploads.queries import input_link
from wanstudio.work.log_context import about, also

SECRET = "sk-quite-long-secret"


# Of the tests themselves: what else runs in their process can log at any moment.
LOGGERS = ("wanstudio", "elsewhere", "urllib3", "stdout")


class Lines(logging.StreamHandler[io.StringIO]):
    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(io.StringIO())
        self.setFormatter(formatter)
        self.addFilter(lambda record: record.name.startswith(LOGGERS))
        self.addFilter(AddAbout())

    @property
    def said(self) -> list[str]:
        return self.stream.getvalue().splitlines()


def listening(formatter: logging.Formatter) -> Iterator[Lines]:
    lines, root = Lines(formatter), logging.getLogger()
    root.addHandler(lines)
    level = root.level
    root.setLevel(logging.INFO)
    yield lines
    root.removeHandler(lines)
    root.setLevel(level)


@pytest.fixture
def text() -> Iterator[Lines]:
    yield from listening(TextLines([SECRET, "short"]))


@pytest.fixture
def json_lines() -> Iterator[Lines]:
    yield from listening(JsonLines([SECRET]))


def test_lines_say_what_they_are_about(text: Lines) -> None:
    log = logging.getLogger("wanstudio.test")
    with about(job=3):
        also(attempt=4)
        log.info("sent")
    log.info("idle")
    assert text.said[0].endswith(" INFO wanstudio.test job=3 attempt=4 sent")
    assert text.said[1].endswith(" INFO wanstudio.test idle")


def test_json_has_the_ids_as_fields_and_the_traceback(json_lines: Lines) -> None:
    with about(job=3, attempt=4):
        try:
            raise ValueError(f"no {SECRET}")
        except ValueError:
            logging.getLogger("wanstudio.test").exception("step failed for %s", SECRET)
    line = json.loads(json_lines.said[0])
    assert {"job": 3, "attempt": 4, "level": "ERROR", "logger": "wanstudio.test"}.items() <= line.items()
    assert line["message"] == "step failed for [secret]"
    assert "ValueError: no [secret]" in line["exc_info"]


def test_secrets_are_hidden_and_words_are_not(text: Lines) -> None:
    logging.getLogger("urllib3").warning("Bearer %s, in short", SECRET)
    assert text.said[0].endswith("Bearer [secret], in short")


@pytest.mark.usefixtures("apixo")
def test_every_line_about_a_job_names_it_and_its_attempt(job: Job, text: Lines) -> None:  # noqa: F811
    job = running(job)
    step(job)
    ours = [line for line in text.said if "wanstudio.jobs" in line]
    attempt = job.submissions.get().pk
    assert [line for line in ours if f"job={job.pk} attempt={attempt} " not in line] == []
    assert ours
    assert not [line for line in text.said if KEY in line]


def test_request_line_has_its_id_and_person(as_alice: Client, alice: User, text: Lines) -> None:
    answer = as_alice.get("/videos/?q=private", headers={"X-Request-ID": "edge-17"})
    assert answer["X-Request-ID"] == "edge-17"
    (line,) = [line for line in text.said if "wanstudio.requests" in line]
    assert "request=edge-17 GET /videos/ 200 " in line
    assert line.endswith(f"ms person={alice.pk}")
    assert "private" not in "".join(text.said)


@pytest.mark.django_db
def test_forged_request_id_is_replaced(client: Client) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "a b" * 40})
    assert len(answer["X-Request-ID"]) == 32


def test_tokens_are_not_logged(team: Team, alice: User, client: Client, text: Lines) -> None:
    made = factories.job(team, alice)
    attempt = verbs.begin_submitting(made, callback=True)
    link = input_link(made.character)
    paths = [
        reverse("hooks.apixo", args=[attempt.callback_token]),
        reverse("hooks.apixo", args=[attempt.callback_token]).rstrip("/"),
        reverse("hooks.apixo", args=["1.forged-token-forged-token"]),
        link[link.index("/files/") :],
        "/files/forged-signature-forged/mira.png",
    ]
    for path in paths:
        client.post(path, "{}", content_type="application/json")
        client.get(path)
    said = "\n".join(text.said)
    assert said.count("wanstudio.requests") == len(paths) * 2
    secrets = [attempt.callback_token, attempt.callback_token.split(".")[1], link.split("/files/")[1].split("/")[0]]
    assert not [secret for secret in [*secrets, "forged"] if secret in said]
    assert f"job={made.pk} attempt={attempt.pk} " in said


# --- what cannot be forged ----------------------------------------------------------------------------

FORGED = "\n2026-11-27 04:30:00,123 INFO wanstudio.money forged"
# What ends a line somewhere, steers a terminal, turns the reading direction, or is half a character.
CONTROLS = "\r\x00\x1b[2J\x7f\x85\x9b\u2028\u2029\u202e\u2066\u061c\udce9"


def controls_in(text: str) -> list[str]:
    bad = set(CONTROLS) - set("[2J")
    return [letter for letter in text if letter in bad]


def test_nothing_in_a_message_begins_a_line_or_steers_a_terminal(text: Lines, json_lines: Lines) -> None:
    with about(request=f"r{CONTROLS}{FORGED}"):
        logging.getLogger("elsewhere").warning("said %s and %r", CONTROLS + FORGED, CONTROLS, extra={"path": CONTROLS})
    (line,) = text.stream.getvalue().removesuffix("\n").split("\n")
    assert controls_in(line) == []
    assert r"\x1b[2J" in line
    assert r"\n2026-11-27 04:30:00,123 INFO wanstudio.money forged" in line
    (line,) = json_lines.stream.getvalue().removesuffix("\n").split("\n")
    assert line.isascii()
    shown = json.loads(line)
    assert [controls_in(shown[name]) for name in ("message", "path", "request")] == [[], [], []]


def test_no_line_of_a_traceback_begins_like_a_record(text: Lines, json_lines: Lines) -> None:
    try:
        try:
            raise ValueError(f"first {CONTROLS}{FORGED}")
        except ValueError as wrong:
            raise RuntimeError(f"second{FORGED}") from wrong
    except RuntimeError:
        logging.getLogger("elsewhere").exception("it failed", stack_info=True)
    first, *others = text.stream.getvalue().removesuffix("\n").split("\n")
    assert first.endswith(" ERROR elsewhere it failed")
    assert [line for line in others if not line.startswith("  ")] == []
    assert "  Traceback (most recent call last):" in others
    assert controls_in("\n".join(others)) == []
    shown = json.loads(json_lines.said[0])
    assert controls_in(shown["exc_info"]) == controls_in(shown["stack_info"]) == []
    assert "\n  2026-11-27 04:30:00,123 INFO wanstudio.money forged" in shown["exc_info"]


def test_what_is_printed_becomes_records(text: Lines) -> None:
    real = io.StringIO()
    stream = Records("stdout", real)
    stream.write("one\ntw")
    stream.write("o \x1b\n\n")
    assert [line.partition("INFO ")[2] for line in text.said] == ["stdout one", r"stdout two \x1b"]
    assert real.getvalue() == ""
