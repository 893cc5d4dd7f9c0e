"""Running tasks: a thread a task leads it from pending to its last callback, and two at a time are rendered."""

import json
import logging
import shutil
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import BoundedSemaphore, Event, Thread

from wanstudio.media import isolated
from wanstudio.media.errors import MediaError
from wanstudio.media.exchange import Answer, Deadline, Request, exchange
from wanstudio.media.fetch import Fetcher
from wanstudio.media.targets import Reach

from .task_inputs import TaskFailed, fetch_clip, fetch_image, price_cents
from .task_store import Task, TaskStore

logger = logging.getLogger("wanstudio.sandbox")
RENDERS = 2
# More slots than renders: those of other studios on the machine count too.
RENDERING = isolated.Work("wanstudio.provider.sandbox.render_process", cpu_s=900, wall_s=900.0, slots=8)
CALLBACK_DELAYS_S = (30.0, 60.0, 120.0)
CALLBACK_TIMEOUT_S = 30.0
SWEEP_EVERY_S = 60.0
DISK_RETRY_S = 10.0
FAIL_MESSAGES = {
    "PromptInvalid": "Prompt is invalid or rejected",
    "GENERATION_FAILED": "Generation failed",
    "PROCESSING_TIMEOUT": "Processing took too long",
}

MESSAGES = {
    400: "Invalid request",
    401: "Invalid or missing API key",
    402: "Insufficient balance",
    403: "This key cannot access the model, or the content was rejected",
    404: "Not found",
    405: "Method not allowed",
    429: "Too many requests",
    500: "Server error",
    502: "Upstream service error",
    503: "Service unavailable",
    504: "Upstream timeout",
}
# How many status answers of a [nojson] task are broken.
BROKEN_READINGS = 2


@dataclass(frozen=True)
class Options:
    """`pace` multiplies the delays of callbacks. A task is pending for `pending_s` and processing for at least
    `processing_s` (seconds). The balance starts at `balance_cents`. `studio`: its address."""

    key: str = "sandbox"
    model: str = "wan-2-2-animate"
    pace: float = 1.0
    pending_s: float = 0.5
    processing_s: float = 2.0
    balance_cents: int = 100_00
    studio: str = ""


class Stopped(BaseException):
    """The sandbox is ending; the task is taken up again when it is back. No failure of the task: nothing catches it."""


class TaskRunner:
    """`origin` is the address at which the results are served."""

    def __init__(self, store: TaskStore, folder: Path, fetcher: Fetcher, options: Options, origin: str) -> None:
        self.store, self.fetcher, self.options, self.origin = store, fetcher, options, origin
        self.stopping = Event()
        self._work, self._results = folder / "work", folder / "results"
        self._renders = BoundedSemaphore(RENDERS)

    def start(self) -> None:
        """Takes up what a process that is gone left unfinished."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir(parents=True)
        self._results.mkdir(exist_ok=True)
        for task in self.store.unfinished():
            self.follow(task)
        Thread(target=self._sweep, name="sweep", daemon=True).start()

    def stop(self) -> None:
        """Returns within seconds; a half rendered task is rendered again at the next start."""
        self.stopping.set()
        for _ in range(RENDERS):
            self._renders.acquire(timeout=5)

    def follow(self, task: Task) -> None:
        Thread(target=self._follow, args=(task,), name=task.id, daemon=True).start()

    def result_path(self, task_id: str, number: int) -> Path:
        return self._results / f"{task_id}-{number}.mp4"

    def _follow(self, task: Task) -> None:
        with suppress(Stopped):
            while True:
                try:
                    now = self.store.get(task.id) or task
                    if now.completed is None:
                        self._run(now)
                    return self._call_back(task.id)
                except sqlite3.Error as wrong:
                    # The disk is full: it continues when there is room, and nothing is done twice.
                    logger.warning("task=%s waits: %s", task.id, wrong)
                    self._sleep_until(time.time() + DISK_RETRY_S)

    def _run(self, task: Task) -> None:
        self._sleep_until(task.due_at)
        with self._renders:
            self._check()
            started = task.started or time.time()
            self.store.start(task.id, started)
            if task.request.faults.stuck:
                return
            outcome = self._outcome(task)
        self._sleep_until(started + max(self.options.processing_s, task.request.faults.slow_s))
        self.store.complete(outcome)

    def _outcome(self, task: Task) -> Task:
        """The task with its results and price, or the reason of its failure."""
        work = self._work / task.id
        work.mkdir()
        try:
            return self._make(task, work)
        except TaskFailed as failure:
            return replace(task, fail_code=failure.code, fail_message=failure.message)
        except Exception as error:
            # A file that the probe let pass and the decoder does not is to be expected, all else is a surprise.
            logger.warning("task=%s failed", task.id, exc_info=not isinstance(error, MediaError))
            sentence = "The video could not be made from these inputs."
            return replace(task, fail_code="GENERATION_FAILED", fail_message=sentence)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _make(self, task: Task, work: Path) -> Task:
        if code := task.request.faults.fail:
            raise TaskFailed(code, FAIL_MESSAGES.get(code, f"The task failed: {code}"))
        request, image, clip = task.request, work / "image", work / "clip"
        fetch_image(self.fetcher, request.image_url, image, self._check)
        facts = fetch_clip(self.fetcher, request.video_url, clip, self._check)
        film = {"behaviour": request.behaviour, "resolution": request.resolution, "duration": facts.duration}
        film |= {"fps": facts.fps or 30.0, "clip_size": (facts.width, facts.height)}
        results = 2 if task.request.faults.many else 1
        for number in range(results):
            draft, label = work / f"{number}.mp4", f"Sandbox {number + 1}" if number else "Sandbox"
            files = {"image": str(image), "clip": str(clip), "target": str(draft)}
            isolated.run(RENDERING, {**files, "film": {**film, "label": label}}, check=self._check)
            draft.replace(self.result_path(task.id, number))
        return replace(task, results=results, price_cents=price_cents(facts.duration, request.resolution))

    def _call_back(self, task_id: str) -> None:
        """Sends the callback until it is answered with 200, four times at most."""
        while (task := self.store.get(task_id)) and task.callback_at is not None:
            self._sleep_until(task.callback_at)
            delivered = self._post(task)
            self._check()
            again_at = None
            if not delivered and task.attempts < len(CALLBACK_DELAYS_S):
                again_at = time.time() + CALLBACK_DELAYS_S[task.attempts] * self.options.pace
            self.store.callback_sent(task_id, delivered=delivered, again_at=again_at)
            logger.info("callback task=%s try=%d delivered=%s", task_id, task.attempts + 1, delivered)

    def _post(self, task: Task) -> bool:
        body = success_body(status_data(task, self.origin))
        headers = {"Content-Type": "application/json", "User-Agent": "Sandbox"}
        # As the studio's own calls: the usual authorities, no proxy of the environment, no redirect.
        request = Request(task.request.callback_url, headers, body, connect_s=CALLBACK_TIMEOUT_S)
        answer = exchange(request, Deadline(CALLBACK_TIMEOUT_S, CALLBACK_TIMEOUT_S), Reach())
        return isinstance(answer, Answer) and answer.status == 200

    def _sweep(self) -> None:
        while True:
            for path in self._results.iterdir():
                task = self.store.get(path.stem.rpartition("-")[0])
                if task and task.is_expired:
                    path.unlink(missing_ok=True)
            if self.stopping.wait(SWEEP_EVERY_S):
                return

    def _sleep_until(self, moment: float) -> None:
        self.stopping.wait(max(0.0, moment - time.time()))
        self._check()

    def _check(self) -> None:
        if self.stopping.is_set():
            raise Stopped


def success_body(data: object) -> bytes:
    return json.dumps({"code": 200, "message": "success", "data": data}).encode()


def error_body(code: int, message: str = "") -> bytes:
    """The documented form; a reason is in both places where one was seen."""
    envelope: dict[str, object] = {"code": code, "message": message or MESSAGES.get(code, "Error")}
    if message:
        envelope["data"] = {"error": message}
    return json.dumps(envelope).encode()


def status_data(task: Task, origin: str) -> dict[str, object]:
    """`data` of statusTask and of the callback. Times in ms. `origin`: where the results are served."""
    data: dict[str, object] = {"taskId": task.id, "state": task.state, "createTime": round(task.created * 1000)}
    if task.completed is not None:
        data["completeTime"] = round(task.completed * 1000)
    if task.state == "failed":
        data |= {"failCode": task.fail_code, "failMsg": task.fail_message}
    if task.state == "success" and task.completed is not None:
        fresh = "-fresh" if task.request.faults.expired and task.url_version else ""
        urls = [f"{origin}/results/{task.id}-{number}{fresh}.mp4" for number in range(task.results)]
        result = json.dumps({"resultUrls": urls})
        broken = task.request.faults.nojson and task.readings < BROKEN_READINGS
        data["resultJson"] = result[: len(result) // 2] if broken else result
        data["costTime"] = round((task.completed - task.created) * 1000)
    return data
