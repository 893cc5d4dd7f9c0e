"""A drill of one upgrade and its way back: an older version at work, this one by the documented commands, and back.

The older version runs from its own code. The provider is a scripted one on loopback that keeps every POST: what it was
sent is compared, never what the studio believes.
"""

import os
import re
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.docs_commands import commands
from tests.e2e.person import Person
from tests.e2e.studio import ROOT, Studio, thread_states, wait_until
from tests.e2e.template import OWNER, PASSWORD
from tests.fake_apixo import KEY, FakeApixo, refusal, running, taken_but
from tests.proof.rollback import checkouts, versions
from tests.servers import postgres
from tests.upgrade.walk import STARTS, Page, walk

# After some 429 the studio itself waits for a minute and more before it sends again.
WITHIN_S = 240
RESULT = (ROOT / "static" / "samples" / "walk.mp4").read_bytes()
# A key that is asked to wait: jobs stay queued meanwhile.
BUSY, WAITING = refusal(429, Retry_After="6"), ("next", "after")
# Rows that come and go with processes and sessions, or are written anew; and those that later versions keep otherwise.
PASSING = {
    *("cache", "django_migrations", "django_session", "usersessions_usersession", "wanstudio_heartbeat"),
    *("auth_permission", "django_content_type", "django_admin_log", "sqlite_sequence", "wanstudio_turn"),
    *("wanstudio_videowords", "wanstudio_keptsum", "wanstudio_countedagain"),
}
JOB = "id, team_id, person_id, provider, behaviour, resolution, prompt, title, seed, price, character_id, motion_id"
EVERY_JOB = f"SELECT {JOB} FROM wanstudio_job ORDER BY id"
MONEY = "SELECT money, SUM(price) FROM wanstudio_job GROUP BY money ORDER BY money"
SENDING = "/settings/sending/"


def stay_silent(line: socket.socket, over: threading.Event) -> None:
    """No byte of an answer before the test is over."""
    over.wait(300)


@dataclass(frozen=True)
class Case:
    """`states`: of the jobs that are under way as the older version ends, all at once; none: it is idle.

    `sharply`: it is killed; otherwise it is asked to end.
    """

    version: str
    database: str
    states: tuple[str, ...] = ()
    sharply: bool = False

    def __str__(self) -> str:
        under_way = "+".join(self.states) or "idle"
        return f"{self.version} {self.database} {under_way} {'SIGKILL' if self.sharply else 'SIGTERM'}"


@dataclass
class Seen:
    """What a database held as nothing ran on it."""

    jobs: list[tuple[object, ...]]
    money: dict[str, float]
    ids: dict[str, set[object]]


@dataclass
class Drill:
    case: Case
    studio: Studio
    apixo: FakeApixo
    folder: Path
    old: Path
    person: Person | None = None
    orders: list[str] = field(default_factory=list)

    # --- the older version ----------------------------------------------------------------------------

    def begin(self) -> None:
        """One finished video, and then jobs in the state of the case; ended in the middle of it."""
        self.use(self.old)
        self.studio.manage("prepare")
        self.studio.manage(*OWNER, WANSTUDIO_PASSWORD=PASSWORD)
        self.start()
        self.order("finished")
        self.finish("finished")
        for state in self.case.states:
            getattr(self, state)()
        self.end_old()
        self.apixo.behave()

    def queued(self) -> None:
        self.apixo.on_post(BUSY, always=True)
        for prompt in WAITING:
            self.order(prompt)
        wait_until(lambda: any(map(self.posts, WAITING)), "the key is asked to wait", 90)
        for prompt in WAITING:
            self.wait_for_state(prompt, "queued")

    def submitting(self) -> None:
        self.apixo.on_post(taken_but(stay_silent))
        self.order("cut")
        wait_until(lambda: self.posts("cut"), "the POST is written", 90)
        assert self.state("cut") == "submitting"

    def archiving(self) -> None:
        self.apixo.on_file(stay_silent, always=True)
        self.order("arriving")
        before = len(self.apixo.fetched)
        wait_until(lambda: any(self.posts("arriving")), "it is sent", 90)
        self.apixo.succeed(self.task("arriving"), RESULT)
        wait_until(lambda: len(self.apixo.fetched) > before, "its result is being fetched", 90)
        assert self.state("arriving") == "archiving"

    def end_old(self) -> None:
        if not self.case.sharply:
            self.studio.stop()
            return
        self.studio.close()
        pids = wait_until(self.stopped, "each job is in its state")
        signal_all(pids, signal.SIGKILL)
        # Its own child is the test's to collect.
        self.studio.end()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "all of it is gone")

    def stopped(self) -> list[int]:
        """Its processes, all of which stand still; none, and they go on, while a job that waits is just being sent."""
        pids = self.studio.pids()
        signal_all(pids, signal.SIGSTOP)
        wait_until(lambda: all(map(stands_still, pids)), "all of it stands still")
        if all(self.state(prompt) == "queued" for prompt in WAITING if prompt in self.orders):
            return pids
        signal_all(pids, signal.SIGCONT)
        return []

    # --- what people do -------------------------------------------------------------------------------

    def start(self) -> None:
        self.studio.start()
        self.person = Person(self.studio)

    def order(self, prompt: str) -> None:
        assert self.person
        self.person.make_sample(prompt=prompt)
        self.orders.append(prompt)

    def finish(self, prompt: str) -> None:
        wait_until(lambda: any(self.posts(prompt)), f"{prompt} is sent", WITHIN_S)
        task = self.task(prompt)
        if self.apixo.tasks[task]["state"] == "processing":
            self.apixo.succeed(task, RESULT)
        self.wait_for_state(prompt, "done")

    def wait_for_state(self, prompt: str, state: str) -> None:
        wait_until(lambda: self.state(prompt) == state, f"{prompt} is {state}, not {self.state(prompt)}", WITHIN_S)

    def use(self, checkout: Path) -> None:
        self.studio.root, self.studio.env["PYTHONPATH"] = checkout, str(checkout / checkouts.PACKAGES)

    # --- what is compared -----------------------------------------------------------------------------

    def posts(self, prompt: str) -> list[str]:
        """The task of each POST of this job; empty for one that was refused."""
        return [post.task_id for post in list(self.apixo.posts) if post.body["input"].get("prompt") == prompt]

    def task(self, prompt: str) -> str:
        return next(filter(None, self.posts(prompt)))

    def state(self, prompt: str) -> str:
        return str(self.studio.rows("SELECT state FROM wanstudio_job WHERE prompt = ?", prompt)[0][0])

    def sent_twice(self) -> dict[str, int]:
        made = Counter(str(post.body["input"].get("prompt")) for post in self.apixo.posts if post.task_id)
        return {prompt: count for prompt, count in made.items() if count > 1}

    def look(self) -> Seen:
        money = {str(kind): round(float(total), 2) for kind, total in self.studio.rows(MONEY)}
        ids = {name: {row[0] for row in self.studio.rows(f"SELECT {key} FROM {name}")} for name, key in self.tables()}
        return Seen(self.studio.rows(EVERY_JOB), money, ids)

    def tables(self) -> list[tuple[str, str]]:
        """Each table that holds what people made, with the name of its key."""
        if self.case.database == "postgres":
            found = self.studio.rows("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        else:
            found = self.studio.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'")
        names = sorted({name for (name,) in found} - PASSING)
        return [(name, "id") for name in names if not name.startswith("wanstudio_search")]

    def every_page_answers(self) -> int:
        assert self.person
        session = self.person.session

        def get(address: str) -> Page:
            answer = session.get(self.studio.url + address, timeout=60, allow_redirects=False)
            is_page = answer.headers.get("Content-Type", "").startswith("text/html")
            return Page(answer.status_code, answer.text if is_page else "", answer.headers.get("Location", ""))

        # The first one has few pages, and all of them are linked.
        statuses = walk(get, ["/"] if self.studio.root != ROOT and self.case.version == versions.FIRST else STARTS)
        wrong = {address: status for address, status in statuses.items() if status not in (200, 204, 301, 302)}
        assert not wrong, f"{wrong}\n{self.studio.said()[-3000:]}"
        assert len(statuses) > 8, statuses
        self.every_video_plays()
        return len(statuses)

    def every_video_plays(self) -> None:
        assert self.person
        for (pk,) in self.studio.rows("SELECT id FROM wanstudio_video"):
            assert self.person.get(f"/videos/{pk}/file").content == RESULT

    # --- the upgrade, and back ------------------------------------------------------------------------

    def follow(self, section: str, checkout: Path, **names: Path) -> Seen:
        """The commands of the documents, as they are written; a checkout is the folder of that version.

        Returns what there was when all was prepared and nothing ran yet.
        """
        for command in commands("docs/upgrade.md", section, {name: str(path) for name, path in names.items()}):
            if command.startswith("git checkout"):
                self.use(checkout)
            elif command == "make run":
                self.studio.manage("prepare")
                seen = self.look()
                self.start()
            else:
                program, script, *words = command.split()
                assert (program, script) == (".venv/bin/python", "manage.py"), command
                # The first version knew no backups: the copy that the upgrade makes itself is the way back.
                if self.case.version != versions.FIRST or words[0] != "backup":
                    checkouts.manage(self.studio, *words)
        return seen

    def upgrade(self, before: Seen) -> int:
        after = self.follow("Upgrading", ROOT, **{"/mnt/backups": self.folder / "mnt"})
        assert after.jobs == before.jobs
        assert after.money == before.money
        nothing_is_lost(before, after)
        self.settle()
        self.order("new")
        self.finish("new")
        assert not self.sent_twice()
        return self.every_page_answers()

    def settle(self) -> None:
        """Each job ends as it has to, by the newer version alone."""
        if "submitting" in self.case.states:
            self.wait_for_state("cut", "uncertain")
            assert len(self.posts("cut")) == 1
            self.call_back("cut")
        for prompt in self.orders:
            self.finish(prompt)

    def call_back(self, prompt: str) -> None:
        post = next(post for post in self.apixo.posts if post.body["input"].get("prompt") == prompt)
        self.apixo.succeed(post.task_id, RESULT)
        said = {"code": 200, "message": "success", "data": self.apixo.tasks[post.task_id]}
        assert requests.post(self.studio.url + post.callback_path, json=said, timeout=60).status_code == 200

    def go_back(self, before: Seen) -> int:
        """What waited is unconfirmed, and is not sent once the owner has started sending again, either."""
        sent = {prompt: len(self.posts(prompt)) for prompt in self.orders}
        after = self.follow("Rolling back", self.old, **{"data/backups/backup-…": self.copy()})
        assert after.jobs == before.jobs
        assert sum(after.money.values()) == sum(before.money.values())
        nothing_is_lost(before, after)
        self.start_sending()
        self.order("once back")
        self.finish("once back")
        for prompt in self.orders[: self.orders.index("new")]:
            end = "done" if prompt in ("finished", "arriving") else "uncertain"
            self.wait_for_state(prompt, end)
        assert {prompt: len(self.posts(prompt)) for prompt in sent} == sent
        return self.every_page_answers()

    def copy(self) -> Path:
        """The one that the upgrade named; if it named none, or the case says so, the one on the other disk."""
        named = list((self.studio.data / "backups").glob("backup-*"))
        mine = self.folder / "mnt"
        return mine if mine.exists() and (self.case.sharply or not named) else named[0]

    def start_sending(self) -> None:
        assert self.person
        page = self.person.get("/settings/").text
        form = re.search(rf'<form[^>]*action="{SENDING}"[^>]*>(.*?)</form>', page, re.S)
        assert form, page
        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[1]))
        self.person.session.post(self.studio.url + SENDING, data=fields, timeout=60)

    def run(self) -> int:
        """How many pages have answered."""
        self.begin()
        before = self.look()
        pages = self.upgrade(before)
        self.studio.stop()
        pages += self.go_back(before)
        self.studio.stop()
        assert not self.sent_twice()
        return pages


def signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def stands_still(pid: int) -> bool:
    """Whether no thread of it runs; a process that has ended stands still, too."""
    with suppress(FileNotFoundError):
        return thread_states(pid) <= {"T", "Z"}
    return True


def nothing_is_lost(before: Seen, after: Seen) -> None:
    """Every row, and every table that had rows."""
    lost = {name: ids - after.ids.get(name, set()) for name, ids in before.ids.items()}
    assert not {name: ids for name, ids in lost.items() if ids}


@contextmanager
def drill(case: Case, folder: Path, trees: Path) -> Iterator[Drill | None]:
    """None: this clone does not reach back to that version."""
    old = checkouts.kept(versions.COMMITS[case.version], trees)
    if old is None:
        yield None
        return
    with running() as apixo, postgres() if case.database == "postgres" else nullcontext() as server:
        env = {"APIXO_API_KEY": KEY, "APIXO_BASE_URL": apixo.url, "WANSTUDIO_PRIVATE_HOSTS": apixo.host}
        env |= {"WANSTUDIO_PACE": "0.02", **({"DATABASE_URL": server.url} if server else {})}
        studio = Studio(folder / "data", None, **env)
        try:
            yield Drill(case, studio, apixo, folder, old)
        except AssertionError as wrong:
            raise AssertionError(f"{wrong}\n{studio.said()[-3000:]}") from wrong
        finally:
            studio.end()
