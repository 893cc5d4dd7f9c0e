"""Jobs in a browser: pages that follow them and recover, and everything a person can do about one."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.e2e.conftest import Watched
from tests.e2e.person import Person
from tests.e2e.studio import Studio, wait_until
from tests.e2e.template import EMAIL, PASSWORD

STATUS = re.compile(r"/jobs/status/")
READY_MS = 120_000
# Longer than the poller's pace: what has not been asked for by then is not asked for.
TWO_POLLS_MS = 5000
# The answer to a poll that has seen an older state, taken in as the poller does.
SWAP = "address => htmx.ajax('GET', address, { target: '#poller', swap: 'morph:outerHTML' })"


@pytest.fixture(scope="module")
def running(studio: Studio, person: Person) -> list[int]:
    """Two jobs that run for as long as the tests do."""
    jobs = [person.make_sample(prompt="[slow:900]") for _ in range(2)]
    for job in jobs:
        wait_for(studio, job, "running")
    return jobs


@pytest.fixture(scope="module")
def ready(studio: Studio, person: Person) -> int:
    job = person.make_sample(prompt="Slowly along the quay")
    wait_for(studio, job, "done")
    return job


def wait_for(studio: Studio, job: int, state: str) -> None:
    sql = "SELECT state FROM wanstudio_job WHERE id = ?"
    wait_until(lambda: studio.rows(sql, job) == [(state,)], f"job {job} is {state}", 120)


def attempts(studio: Studio, job: int) -> int:
    return int(studio.rows("SELECT COUNT(*) FROM wanstudio_attempt WHERE job_id = ?", job)[0][0])


@contextmanager
def worker_stopped(studio: Studio) -> Iterator[None]:
    """Nothing is sent meanwhile."""
    worker = studio.freeze("worker")
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def open_job(page: Page, studio: Studio, job: int) -> None:
    page.goto(f"{studio.url}/jobs/{job}/")
    page.evaluate("window.notReloaded = true")


def chip(page: Page) -> Locator:
    return page.locator("h1 ~ .chip")


def says(page: Page, word: str) -> None:
    """The job's state, without a reload since `open_job`."""
    expect(chip(page)).to_have_text(word, timeout=READY_MS)
    assert page.evaluate("window.notReloaded") is True


def has_icon(page: Page, state: str) -> None:
    expect(page.locator("link[rel=icon]").first).to_have_attribute("href", re.compile(f"favicon-{state}"))


def polls(page: Page) -> list[Request]:
    """The status requests from now on, as they are made."""
    made: list[Request] = []
    page.on("request", lambda request: made.append(request) if STATUS.search(request.url) else None)
    return made


# --- pages that follow --------------------------------------------------------------------------------


def test_a_job_becomes_its_video_in_place(page: Page, studio: Studio, person: Person) -> None:
    title = "Mira walks along the quay at dawn, take three"
    stage = page.locator(".stage")
    with worker_stopped(studio):
        job = person.make_sample()
        person.rename(job, title)
        page.clock.install()
        open_job(page, studio, job)
        expect(page).to_have_title(re.compile(f"^Queued: {title}"))
        has_icon(page, "running")
    # If that took long, the page said above it that there is no worker.
    expect(page.locator(".worker-line")).to_have_count(0)
    before = stage.bounding_box()
    says(page, "Ready")

    expect(page.locator("main video")).to_be_visible()
    assert stage.bounding_box() == before
    expect(page).to_have_title(f"Ready: {title} · Wan Studio")
    has_icon(page, "ready")
    after = polls(page)
    page.clock.run_for(TWO_POLLS_MS)
    assert after == []


def test_a_playing_video_plays_on_whatever_is_swapped(page: Page, studio: Studio, ready: int) -> None:
    open_job(page, studio, ready)
    video = page.locator("main video")
    video.evaluate("video => { window.same = video; video.muted = true; video.loop = true; return video.play() }")
    wait_until(lambda: video.evaluate("video => video.currentTime") > 0.2, "it plays")
    video.evaluate("video => { video.onpause = video.onemptied = () => { window.halted = true } }")
    for _ in range(2):
        with page.expect_response(STATUS) as answered:
            page.evaluate(SWAP, f"/jobs/status/?as=job&seen={ready}:1")
        assert "<video" in answered.value.text()
        goes_on(video)
    assert video.evaluate("video => video === window.same && !video.paused && !window.halted")
    expect(page.locator("main .player")).to_have_count(1)


def goes_on(video: Locator) -> None:
    at = video.evaluate("video => video.currentTime")
    wait_until(lambda: video.evaluate("video => video.currentTime") != at, "its clock moves")


def test_one_request_for_the_whole_list_and_204_while_nothing_changes(
    page: Page, studio: Studio, running: list[int]
) -> None:
    made = polls(page)
    answers: list[int] = []
    page.on("response", lambda answer: answers.append(answer.status) if STATUS.search(answer.url) else None)
    page.goto(f"{studio.url}/jobs/")
    expect(page).to_have_title(re.compile(r"^\(\d+\) Jobs"))
    has_icon(page, "running")
    # A job may still have news of its own, once; then there is nothing to say.
    with page.expect_response(lambda answer: bool(STATUS.search(answer.url)) and answer.status == 204):
        pass

    assert set(answers) <= {200, 204}
    assert len(made) - len(answers) in (0, 1)
    assert all(f"{job}:" in request.url for job in running for request in made)


def test_a_row_of_the_list_follows(page: Page, studio: Studio, person: Person, running: list[int]) -> None:
    job = person.make_sample(prompt="[fail:SensitiveContentDetected]")
    page.goto(f"{studio.url}/jobs/")
    page.evaluate("window.notReloaded = true")
    menu = page.locator(f"#row-{running[0]} details.menu")
    menu.locator("summary").click()
    expect(page.locator(f"#row-{job} .chip")).to_have_text("Failed", timeout=READY_MS)

    assert page.evaluate("window.notReloaded") is True
    assert menu.evaluate("menu => menu.open")
    assert page.locator(".job-list tbody tr > :first-child").count() == page.locator(".job-list tbody tr").count()


def test_the_filters_are_addresses(page: Page, studio: Studio, running: list[int], ready: int) -> None:
    page.goto(f"{studio.url}/jobs/")
    page.get_by_role("link", name="Running", exact=True).click()
    page.wait_for_url(re.compile("only=running"))
    expect(page.locator(f"#row-{running[0]}")).to_be_visible()
    expect(page.locator(f"#row-{ready}")).to_have_count(0)
    page.get_by_role("link", name="Mine", exact=True).click()
    expect(page.locator(f"#row-{ready}")).to_be_visible()


# --- what goes wrong on the way -----------------------------------------------------------------------


def test_a_cable_that_is_out_for_a_while(page: Page, studio: Studio, person: Person) -> None:
    toast = page.get_by_text("Connection lost. Your jobs continue.")
    with worker_stopped(studio):
        job = person.make_sample()
        open_job(page, studio, job)
        page.context.set_offline(True)
        expect(toast).to_be_visible()
    wait_for(studio, job, "done")
    expect(chip(page)).not_to_have_text("Ready")
    page.context.set_offline(False)

    says(page, "Ready")
    expect(toast).to_have_count(0)
    expect(page.locator("main video")).to_be_visible()


def test_a_studio_that_does_not_answer_for_a_while(page: Page, studio: Studio, running: list[int]) -> None:
    toast = page.get_by_text("Connection lost. Your jobs continue.")
    open_job(page, studio, running[0])
    page.route(STATUS, lambda route: route.abort())
    expect(toast).to_be_visible()
    # The cable comes and goes, but the studio still does not answer.
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(toast).to_have_count(1)
    page.unroute(STATUS)
    page.route(STATUS, lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    page.wait_for_event("response", lambda answer: answer.status == 502)
    expect(toast).to_have_count(1)
    page.unroute(STATUS)

    expect(toast).to_have_count(0)
    says(page, "Generating")


def test_signed_out_over_night(page: Page, studio: Studio, running: list[int]) -> None:
    page.goto(f"{studio.url}/jobs/?only=running")
    page.context.clear_cookies()
    page.wait_for_url(re.compile(r"/accounts/login/\?next="))
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    page.wait_for_url(f"{studio.url}/jobs/?only=running")
    expect(page.locator(f"#row-{running[0]}")).to_be_visible()


def test_two_tabs_say_the_same(page: Page, studio: Studio, person: Person, watched: Watched) -> None:
    other = watched.watch(page.context.new_page())
    with worker_stopped(studio):
        job = person.make_sample()
        open_job(page, studio, job)
        open_job(other, studio, job)
        rename(other, "Quay at dawn")
        expect(page.get_by_role("heading", level=1)).to_have_text("Quay at dawn")
        page.get_by_role("button", name="Cancel").click()
        expect(chip(page)).to_have_text("Cancelled")
        expect(chip(other)).to_have_text("Cancelled")
        expect(other.get_by_role("button", name="Cancel")).to_have_count(0)
    assert attempts(studio, job) == 0


# --- what a person can do -----------------------------------------------------------------------------


def rename(page: Page, title: str) -> None:
    page.locator("main summary[aria-label=More]").click()
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def test_a_poll_leaves_a_half_typed_title_alone(page: Page, studio: Studio, person: Person, running: list[int]) -> None:
    open_job(page, studio, running[0])
    page.locator("main summary[aria-label=More]").click()
    page.get_by_label("Title").fill("Half typ")
    person.rename(running[0], "By a colleague")

    expect(page.get_by_role("heading", level=1)).to_have_text("By a colleague")
    expect(page.get_by_label("Title")).to_have_value("Half typ")
    expect(page.get_by_label("Title")).to_be_focused()


def test_cancel_in_the_list_while_it_waits(page: Page, studio: Studio, person: Person) -> None:
    with worker_stopped(studio):
        job = person.make_sample()
        page.goto(f"{studio.url}/jobs/")
        page.locator(f"#row-{job} summary").click()
        page.locator(f"#row-{job}").get_by_role("button", name="Cancel").click()
        expect(page.locator(f"#row-{job} .chip")).to_have_text("Cancelled")
        expect(page).to_have_url(f"{studio.url}/jobs/")
    assert attempts(studio, job) == 0


def test_try_again_after_a_failure_with_the_old_inputs(page: Page, studio: Studio, person: Person) -> None:
    job = person.make_sample(prompt="Wave [fail:InternalError]", behaviour="replace", resolution="720p", seed="77")
    open_job(page, studio, job)
    says(page, "Failed")
    expect(page).to_have_title("Failed: Mira · walk · Wan Studio")
    has_icon(page, "failed")
    page.get_by_role("link", name="Try again").first.click()

    expect(page.get_by_label("Prompt")).to_have_value("Wave [fail:InternalError]")
    expect(page.get_by_role("radio", name="Replace")).to_be_checked()
    expect(page.get_by_role("radio", name=re.compile("720p"))).to_be_checked()
    expect(page.locator("input[name=character]")).to_be_attached()
    expect(page.locator("input[name=motion]")).to_be_attached()
    expect(page.get_by_role("button", name="Generate · $0.40")).to_be_enabled()


def test_make_another_with_the_same_seed_or_a_new_one(page: Page, studio: Studio, ready: int) -> None:
    seed = studio.rows("SELECT seed FROM wanstudio_job WHERE id = ?", ready)[0][0]
    for label, same in (("Make another, same seed", True), ("Make another, new seed", False)):
        open_job(page, studio, ready)
        page.locator("main summary[aria-label=More]").click()
        page.get_by_role("link", name=label).click()
        expect(page.get_by_label("Prompt")).to_have_value("Slowly along the quay")
        expect(page.locator("#generate")).to_be_enabled()
        page.wait_for_load_state()
        filled = page.evaluate("new FormData(document.getElementById('studio-form')).get('seed')")
        assert (filled == str(seed)) is same


def test_the_request_as_curl_without_the_key(page: Page, studio: Studio, ready: int) -> None:
    open_job(page, studio, ready)
    page.locator("main summary[aria-label=More]").click()
    page.get_by_role("link", name="The request as curl").click()
    command = page.get_by_label("curl command")
    expect(command).to_contain_text('-H "Authorization: Bearer $APIXO_API_KEY"')
    expect(command).to_contain_text("Slowly along the quay")
    assert len(re.findall("Bearer", page.content())) == 1
    page.get_by_role("link", name=re.compile("^Back to ")).click()
    page.wait_for_url(f"{studio.url}/jobs/{ready}/")


# --- unconfirmed --------------------------------------------------------------------------------------


@pytest.fixture
def unconfirmed(page: Page, studio: Studio, person: Person) -> int:
    job = person.make_sample(prompt="[html:504]")
    open_job(page, studio, job)
    says(page, "Unconfirmed")
    has_icon(page, "failed")
    return job


def test_send_again_repeats_the_price_and_sends_once(page: Page, studio: Studio, unconfirmed: int) -> None:
    page.get_by_role("link", name="Send again · $0.20").click()
    dialog = page.get_by_role("dialog", name="Send this job again?")
    expect(dialog).to_contain_text("$0.20 might have been charged. Sending it again can charge another $0.20.")
    expect(dialog.get_by_text("Keep waiting")).to_be_focused()
    dialog.get_by_text("Keep waiting").click()
    expect(dialog).to_be_hidden()
    assert attempts(studio, unconfirmed) == 1
    page.get_by_role("link", name="Send again · $0.20").click()
    dialog.get_by_role("button", name="Send again · $0.20").dblclick()

    wait_until(lambda: attempts(studio, unconfirmed) > 1, "it is sent again")
    wait_for(studio, unconfirmed, "uncertain")
    page.wait_for_load_state()
    expect(chip(page)).to_have_text("Unconfirmed")
    assert attempts(studio, unconfirmed) == 2


def test_a_task_that_does_not_exist(page: Page, studio: Studio, unconfirmed: int) -> None:
    with worker_stopped(studio):
        page.get_by_label("Its task id").fill(" no-such-task ")
        page.get_by_role("button", name="Attach").click()
        expect(page.get_by_text("Asking the sandbox about this task.")).to_be_visible()
    expect(page.get_by_text("The sandbox has no task no-such-task.")).to_be_visible(timeout=READY_MS)
    expect(chip(page)).to_have_text("Unconfirmed")
    assert attempts(studio, unconfirmed) == 1


def test_it_was_not_charged(page: Page, studio: Studio, unconfirmed: int) -> None:
    page.get_by_role("link", name="It was not charged").click()
    dialog = page.get_by_role("dialog", name="It was not charged?")
    expect(dialog).to_contain_text("$0.20 goes back to your budget")
    dialog.get_by_role("button", name="It was not charged").dblclick()
    expect(chip(page)).to_have_text("Failed")
    expect(page.get_by_text("It was not charged, as you decided.")).to_be_visible()
    assert studio.rows("SELECT money FROM wanstudio_job WHERE id = ?", unconfirmed) == [("released",)]
    assert attempts(studio, unconfirmed) == 1
    expect(page.get_by_role("link", name="Try again")).to_be_visible()
