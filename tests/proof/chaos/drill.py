"""Plays a plan: for each death a case is made, the order given and the dead replaced; then all comes to rest."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from threading import Thread

import requests
from django.db.models.functions import Now

from tests.proof.chaos import oracle
from tests.proof.chaos.apixo import Apixo
from tests.proof.chaos.board import Board, Order
from tests.proof.chaos.callers import Callers
from tests.proof.chaos.cases import Case, Cast
from tests.proof.chaos.crew import Crew, wait_until
from tests.proof.chaos.plan import ADOPTED, CLICKS, FILES, SERVER_SIDE, UPLOADS, Kill
from tests.proof.chaos.report import Report
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.uploads.queries import input_link
from wanstudio.work import registry
from wanstudio.work.leases import Leased, Stale

HIT_WITHIN_S = 20.0
LOOK_EVERY_S = 0.05
FOUND_WITHIN_S = 60.0
FOLLOWED_WITHIN_S = 20.0
REST_WITHIN_S = 180.0
FORM_WITHIN_S = 120.0
DECIDES_EVERY = 20


class Drill:
    """`patient`: the leases of the dead run out by themselves, after 30 s; else they are made to."""

    def __init__(self, apixo: Apixo, board: Board, crew: Crew, cast: Cast, report: Report) -> None:
        self.apixo, self.crew, self.cast, self.report = apixo, crew, cast, report
        self._board = board
        self._callers = Callers(apixo)
        self._cases: list[Case] = []
        self._played: set[int] = set()
        self._patient = False
        self._ends_at, self._least = float("inf"), 0

    def run(self, kills: Sequence[Kill], name: str, *, patient: bool = False) -> None:
        """One run: these deaths, rest, the checks, a person's decisions, rest and the checks again."""
        self._patient = patient
        self.crew.start_all()
        # Beside it a worker that lives, as on another machine: where leases are made to run out, it would lose its own.
        beside = patient and "beat" in self.crew.roles
        if beside:
            self.crew.start("second")
        self.play(kills, name, self._kill)
        if beside:
            self.crew.end("second")
            age()

    def end_within(self, seconds: float, least: int) -> None:
        """From then on, and after so many deaths, nobody is killed any more; the run comes to rest and is judged."""
        self._ends_at, self._least = time.monotonic() + seconds, least

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self._ends_at and self.report.kills >= self._least

    def play(self, kills: Sequence[Kill], name: str, act: Callable[[Kill], None]) -> None:
        began, first, before = time.monotonic(), len(self._cases), self.report.kills
        complaints, asked = list[str](), 0
        for number, kill in enumerate(kills, 1):
            if self.is_over:
                break
            act(kill)
            complaints += oracle.half_written(self.apixo.books, self._played, anew=False)
            if number % DECIDES_EVERY == 0:
                asked += self._decide()
        found_s = self._rest()
        complaints += self._judged(first)
        asked += self._decide()
        found_s = max(found_s, self._rest())
        complaints = list(dict.fromkeys(complaints + self._judged(first)))
        self.report.slowest_s = max(self.report.slowest_s, found_s)
        jobs = list(Job.objects.filter(prompt__in=[case.marker for case in self._cases[first:]]))
        ready = sum(job.state == State.DONE for job in jobs)
        still_open = sum(job.state == State.UNCERTAIN for job in jobs)
        self.report.run(
            f"{name}: {self.report.kills - before} killed; {len(jobs)} jobs, {ready} Ready, "
            f"{len(jobs) - ready - still_open} failed, {still_open} unconfirmed, {asked} decided by hand; every task "
            f"somebody's {found_s:.1f} s after the last restart; {time.monotonic() - began:.0f} s",
            oracle.sums(self.apixo.books),
            complaints,
        )

    def posts(self) -> tuple[int, int]:
        """POSTs that arrived, and those beyond what the table allows."""
        books = self.apixo.books
        return sum(map(len, books.posts.values())), len(oracle.posts_beyond(books))

    # --- one death ------------------------------------------------------------------------------------

    def _kill(self, kill: Kill) -> None:
        case = self.cast.new(kill.variant, kill.call)
        victim = self.crew.pids[kill.role]
        order = Order(kill.point, case.marker if kill.of_this_job else "")
        if kill.point in SERVER_SIDE:
            self.apixo.kill_at(order)
        elif kill.point not in FILES:
            self._board.give(order)
        asking = self.provoke(kill, case)
        gone = self.crew.wait_gone(victim, HIT_WITHIN_S)
        self.apixo.kill_at(None)
        self._board.give(None)
        self._replace(kill, case, victim, hit=gone)
        self.finish(kill, case, asking)

    def provoke(self, kill: Kill, case: Case) -> Thread | None:
        """What leads to the point. The web dies over a request, which is made by the thread that is returned."""
        if kill.point in CLICKS or kill.point == "web: click":
            act: Callable[[], object] = lambda: self.cast.click(case)  # noqa: E731
        elif kill.point in UPLOADS or kill.point == "web: upload":
            act = lambda: self.cast.upload(f"{case.marker}.mp4")  # noqa: E731
        elif kill.point in FILES:
            web = self.crew.pids["web"]
            act = lambda: self._half_a_file(web)  # noqa: E731
        elif kill.point == "web: file":
            act = lambda: _fetch(input_link(self.cast.character))  # noqa: E731
        else:
            self.cast.write(case)
            if kill.point in ADOPTED:
                self._supersede(case)
            return None
        asking = Thread(target=act, daemon=True)
        asking.start()
        return asking

    def _supersede(self, case: Case) -> None:
        """Unconfirmed, sent again by a person, and then the provider calls about the first try."""
        jobs = Job.objects.filter(nonce=case.nonce)
        wait_until(lambda: jobs.filter(state=State.UNCERTAIN).exists(), HIT_WITHIN_S, LOOK_EVERY_S)
        first = self.apixo.books.of(case.marker)
        if self._again(jobs.get()) and first:
            wait_until(lambda: len(self.apixo.books.posts[case.marker]) > 1, HIT_WITHIN_S, LOOK_EVERY_S)
            self.apixo.calls.append((first[0], 0.1))

    def _again(self, job: Job) -> bool:
        """A person presses send: one more POST is allowed from here on."""
        books = self.apixo.books
        books.again[job.prompt] += 1
        try:
            verbs.send_again(job, seen=job.version)
        except Stale:
            books.again[job.prompt] -= 1
            return False
        return True

    def _replace(self, kill: Kill, case: Case, victim: int, *, hit: bool) -> None:
        if hit:
            self.report.died(kill)
        else:
            self.report.miss(kill)
            self.crew.end(kill.role)
        if kill.role == "worker":
            if kill.point == "answer read" and hit:
                self.apixo.books.unkept(case.marker, victim)
            self.apixo.books.dead(victim)
            if not self._patient:
                age()
        self.crew.start(kill.role)

    def finish(self, kill: Kill, case: Case, asking: Thread | None) -> None:
        """What people and the provider do when a request broke off: the same again, until it succeeds."""
        if asking:
            asking.join()
        if kill.point in (*UPLOADS, "web: upload"):
            return
        if kill.point in (*FILES, "web: file"):
            link, whole = input_link(self.cast.character), self.cast.film
            assert wait_until(lambda: _fetch(link) == whole, FORM_WITHIN_S), "an input cannot be fetched any more"
            return
        self._cases.append(case)
        if asking:
            assert wait_until(lambda: self.cast.click(case), FORM_WITHIN_S), (
                f"{case.marker}: the form never got through"
            )

    def _half_a_file(self, web: int) -> None:
        """The provider fetches an input, and the server dies in the middle."""
        with suppress(requests.RequestException):
            answer = requests.get(input_link(self.cast.character), stream=True, timeout=10)
            next(answer.iter_content(100))
        # Too slow, and somebody else has ended it by now.
        with suppress(ProcessLookupError):
            os.kill(web, signal.SIGKILL)

    # --- rest -----------------------------------------------------------------------------------------

    def _rest(self) -> float:
        """Until nothing moves. Seconds until every task was somebody's."""
        began = time.monotonic()
        books = self.apixo.books
        wait_until(lambda: not oracle.unattached(books), FOUND_WITHIN_S, LOOK_EVERY_S)
        found_s = time.monotonic() - began
        wait_until(lambda: self._callers.at_rest and not oracle.called(), FOLLOWED_WITHIN_S, LOOK_EVERY_S)
        wait_until(lambda: self._callers.at_rest and not oracle.stuck(), REST_WITHIN_S, LOOK_EVERY_S)
        return found_s

    def _judged(self, first: int) -> list[str]:
        """What is wrong however long it is waited for: some of it is only late, on a machine that is busy."""
        complaints = list[str]()

        def is_well() -> bool:
            complaints[:] = self._complaints(first)
            return not complaints

        wait_until(is_well, REST_WITHIN_S, 1)
        return complaints

    def _complaints(self, first: int) -> list[str]:
        books, cases = self.apixo.books, self._cases[first:]
        return [
            *oracle.posts_beyond(books),
            *oracle.unattached(books),
            *oracle.stuck(),
            *oracle.half_written(books, self._played),
            *oracle.wrong_ends(books, cases),
            *oracle.wrong_money(books),
        ]

    def _decide(self) -> int:
        """A person decides about some of the unconfirmed jobs, in each of the three ways."""
        books, done = self.apixo.books, 0
        asked = list(Job.objects.filter(state=State.UNCERTAIN, ask_person=True).order_by("pk"))
        # A POST of a dead worker that is still being read would make a task after the decision that there is none.
        if not wait_until(lambda: not self.apixo.in_hand, FOUND_WITHIN_S):
            return 0
        for number, job in enumerate(asked):
            tasks = books.of(job.prompt)
            with suppress(Stale):
                if tasks and number % 2:
                    verbs.attach(job, tasks[-1].task_id)
                elif not tasks and number % 4 == 0:
                    verbs.mark_not_charged(job)
                elif number % 4 == 2 and self._again(job):
                    # And only now the provider calls about the first: paid for, so it gets a job of its own.
                    self.apixo.calls.extend((task, 0.5) for task in tasks)
                else:
                    continue
                done += 1
        return done


def age() -> None:
    """The leases of the dead run out now rather than in 30 s. Only one worker lives at a time here."""
    registry.load_steps()
    for model in registry.kinds:
        held: type[Leased] = model
        over = Now() - timedelta(seconds=1)
        held._default_manager.filter(lease_until__isnull=False).update(lease_until=over)


def _fetch(link: str) -> bytes:
    """An input as the provider fetches it; empty if the server died over it."""
    with suppress(requests.RequestException):
        return requests.get(link, timeout=10).content
    return b""
