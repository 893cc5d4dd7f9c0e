"""Moves tasks: one thread that decides, two that render, a few that deliver callbacks."""

import logging
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Thread

import av
import requests

from wanstudio.media.fetch import Fetcher
from wanstudio.provider.sandbox import envelopes as answers
from wanstudio.provider.sandbox.stand_in_video import Order, Stopped, render
from wanstudio.provider.sandbox.task_inputs import TaskFailed, fetch_clip, fetch_image, price_cents
from wanstudio.provider.sandbox.task_store import Callback, Store, Task

logger = logging.getLogger("wanstudio.sandbox")
RENDERS = 2
DELIVERIES = 4
CALLBACK_DELAYS_S = (30.0, 60.0, 120.0)
CALLBACK_TIMEOUT_S = 30.0
KEPT_S = 24 * 3600.0
FAIL_MESSAGES = {
    "PromptInvalid": "Prompt is invalid or rejected",
    "GENERATION_FAILED": "Generation failed",
    "PROCESSING_TIMEOUT": "Processing took too long",
}


class Runner:
    """`pace` multiplies the waits of the callbacks; `least_s` is the shortest time a task is processing, in seconds."""

    def __init__(
        self, store: Store, folder: Path, fetcher: Fetcher, pace: float, least_s: float, result_base: Callable[[], str]
    ) -> None:
        self._store, self._folder, self._fetcher, self._pace, self._least_s = store, folder, fetcher, pace, least_s
        self._result_base = result_base
        self._renders = ThreadPoolExecutor(RENDERS, "render")
        self._rendering: set[str] = set()
        self._delivering: set[str] = set()
        self._wake, self._stopping = Event(), Event()
        self._thread = Thread(target=self._loop, name="runner", daemon=True)
        self._swept = 0.0

    def start(self) -> None:
        """Takes up what a process that is gone left unfinished."""
        shutil.rmtree(self._folder / "work", ignore_errors=True)
        (self._folder / "work").mkdir(parents=True)
        (self._folder / "results").mkdir(exist_ok=True)
        for task in self._store.unfinished():
            self._take(task)
        self._thread.start()

    def stop(self) -> None:
        """Returns within seconds; a half rendered task is rendered again at the next start."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(5)
        self._renders.shutdown(wait=True, cancel_futures=True)

    def wake(self) -> None:
        self._wake.set()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._tick()
                due = self._store.next_due()
            except Exception:
                logger.exception("runner failed, going on")
                due = None
            # Something that is due but waits for a free thread is looked at again when that thread wakes us.
            left = 5.0 if due is None else due - time.time()
            self._wake.wait(min(5.0, left if left > 0 else 0.25))

    def _tick(self) -> None:
        self._store.publish()
        free = RENDERS - len(self._rendering)
        for task in self._store.startable(max(0, free)):
            self._store.start(task.id)
            self._take(task)
        for callback in self._store.callbacks_due():
            if callback.task_id not in self._delivering and len(self._delivering) < DELIVERIES:
                self._delivering.add(callback.task_id)
                # Not from a pool: an executor's threads are waited for at the end, however slow their receiver is.
                Thread(target=self._deliver, args=(callback,), name="callback", daemon=True).start()
        if time.time() - self._swept > 60:
            self._swept = time.time()
            for old in self._store.sweep(time.time() - KEPT_S):
                for number in range(old.results):
                    result_path(self._folder, old.id, number).unlink(missing_ok=True)

    def _take(self, task: Task) -> None:
        if task.orders.stuck:
            return
        self._rendering.add(task.id)
        self._renders.submit(self._produce, task)

    def _produce(self, task: Task) -> None:
        started = task.started or time.time()
        due_at = started + max(self._least_s, task.orders.slow_s)
        try:
            results, price = self._make(task)
            self._store.conclude(task.id, due_at, results=results, price_cents=price)
        except Stopped:
            return
        except TaskFailed as failure:
            self._store.conclude(task.id, due_at, fail_code=failure.code, message=failure.message)
        except Exception as error:
            # A file that the probe let pass and the decoder does not is to be expected, all else is a surprise.
            logger.warning("task=%s failed", task.id, exc_info=not isinstance(error, av.FFmpegError))
            sentence = "The video could not be made from these inputs."
            self._store.conclude(task.id, due_at, fail_code="GENERATION_FAILED", message=sentence)
        finally:
            shutil.rmtree(self._folder / "work" / task.id, ignore_errors=True)
            self._rendering.discard(task.id)
            self._wake.set()

    def _make(self, task: Task) -> tuple[int, int]:
        """How many results were made, and the price in cents. Raises TaskFailed."""
        orders, wanted = task.orders, task.request
        if orders.fail:
            raise TaskFailed(orders.fail, FAIL_MESSAGES.get(orders.fail, f"The task failed: {orders.fail}"))
        work = self._folder / "work" / task.id
        work.mkdir(exist_ok=True)
        image, clip = work / "image", work / "clip"
        fetch_image(self._fetcher, wanted.image_url, image, self._check)
        facts = fetch_clip(self._fetcher, wanted.video_url, clip, self._check)
        count = 2 if orders.many else 1
        for number in range(count):
            label = "Sandbox" if number == 0 else f"Sandbox {number + 1}"
            shape = (facts.width, facts.height)
            order = Order(wanted.behaviour, wanted.resolution, facts.duration, facts.fps or 30.0, shape, label)
            draft = work / f"{number}.mp4"
            render(image, clip, draft, order, self._check)
            draft.replace(result_path(self._folder, task.id, number))
        return count, price_cents(facts.duration, wanted.resolution)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise Stopped

    def _deliver(self, callback: Callback) -> None:
        task = self._store.get(callback.task_id)
        delivered = task is not None and self._post(
            callback.url, answers.success(answers.status(task, self._result_base()))
        )
        delays = CALLBACK_DELAYS_S[callback.tries : callback.tries + 1]
        again_at = time.time() + delays[0] * self._pace if delays else None
        if self._stopping.is_set():
            return
        self._store.callback_tried(callback.task_id, delivered=delivered, again_at=again_at)
        self._delivering.discard(callback.task_id)
        logger.info("callback task=%s try=%d delivered=%s", callback.task_id, callback.tries + 1, delivered)
        self._wake.set()

    def _post(self, url: str, body: bytes) -> bool:
        with requests.Session() as session:
            session.trust_env = False
            try:
                headers = {"Content-Type": "application/json", "User-Agent": "Sandbox"}
                timeout = max(5.0, CALLBACK_TIMEOUT_S * self._pace)
                with session.post(
                    url, body, headers=headers, timeout=timeout, allow_redirects=False, stream=True
                ) as got:
                    return got.status_code == 200
            except requests.RequestException:
                return False


def result_path(folder: Path, task_id: str, number: int) -> Path:
    return folder / "results" / f"{task_id}-{number}.mp4"
