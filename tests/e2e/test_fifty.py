"""One form, posted fifty times at once to the real web processes: one job."""

import threading

import requests

from tests.e2e.person import MIRA, WALK, Person, value_of
from tests.e2e.studio import Studio, wait_until

POSTS = 50


def test_fifty_posts_of_one_form_make_one_job(studio: Studio, person: Person) -> None:
    page = person.get("/").text
    files = {"character_file": MIRA, "motion_file": WALK}
    told = person._send(page, files).text
    assert studio.rows("SELECT count(*) FROM wanstudio_job")[0][0] == 0, "told the price, and nothing sent"
    names = ("csrfmiddlewaretoken", "nonce", "quoted", "character", "motion", "team")
    form = {name: value_of(told, name) for name in names} | {"behaviour": "animate", "resolution": "480p"}
    gate, answers = threading.Barrier(POSTS), []

    def post() -> None:
        gate.wait(60)
        cookies = person.session.cookies.get_dict()
        answers.append(
            requests.post(f"{studio.url}/jobs/", data=form, cookies=cookies, timeout=180, allow_redirects=False)
        )

    threads = [threading.Thread(target=post) for _ in range(POSTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert [answer.status_code for answer in answers] == [302] * POSTS
    assert len({answer.headers["Location"] for answer in answers}) == 1
    wait_until(lambda: studio.rows("SELECT state FROM wanstudio_job") == [("done",)], "the one job is Ready", 120)
    assert studio.rows("SELECT count(*) FROM wanstudio_attempt")[0][0] == 1
