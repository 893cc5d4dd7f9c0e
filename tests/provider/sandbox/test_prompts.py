"""Test prompts: every fault that a prompt can order."""

import time

import pytest
import requests

from tests.provider.sandbox.caller import Caller
from wanstudio.provider.sandbox.request_body import ALWAYS, TABLE, Faults, read_faults


def test_every_prompt_of_the_table_orders_something() -> None:
    for example in TABLE:
        assert read_faults(f"a walk {example} at dusk") != Faults(), example


@pytest.mark.parametrize(
    "prose", ["a walk", "[sic]", "[http:abc]", "[http:200]", "[slow:]", "[fail]", "[hang:5]", "[[]]", "[http:403x1]"]
)
def test_prose_in_brackets_orders_nothing(prose: str) -> None:
    assert read_faults(prose) == Faults()


def test_faults_can_be_combined() -> None:
    assert read_faults("[slow:2.5][fail:NSFW]") == Faults(slow_s=2.5, fail="NSFW")
    assert read_faults("[http:503 x4]") == Faults(http=503, submits=4)
    assert read_faults("[http:403 x1]") == Faults(http=403, submits=1)
    assert read_faults("[http:402]").submits == ALWAYS


def test_fail_ends_the_task_with_its_code(caller: Caller) -> None:
    data = caller.finished(caller.submit(prompt="[fail:PromptInvalid]"))
    assert (data["failCode"], data["failMsg"]) == ("PromptInvalid", "Prompt is invalid or rejected")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_http_with_a_passing_status_happens_once(caller: Caller, status: int) -> None:
    body = caller.body(prompt=f"[http:{status}] [stuck]")
    first = caller.post(body)
    assert first.status_code == first.json()["code"] == status
    assert ("Retry-After" in first.headers) == (status == 429)
    assert caller.post(body).status_code == 200
    # The one that got through ends the count: the next job has its trouble again.
    assert caller.post(body).status_code == status


def test_request_is_the_same_with_another_callback_address(caller: Caller) -> None:
    body = caller.body(prompt="[http:429] [stuck]") | {"request_type": "callback"}
    assert caller.post(body | {"callback_url": "https://a.example/1"}).status_code == 429
    assert caller.post(body | {"callback_url": "https://a.example/2"}).status_code == 200


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 504])
def test_http_with_a_lasting_status_happens_every_time(caller: Caller, status: int) -> None:
    body = caller.body(prompt=f"[http:{status}]")
    assert [caller.post(body).status_code for _ in range(3)] == [status] * 3


def test_count_says_how_often_a_submit_fails(caller: Caller) -> None:
    body = caller.body(prompt="[http:500 x2] [stuck]")
    assert [caller.post(body).status_code for _ in range(4)] == [500, 500, 200, 500]


def test_html_answers_with_the_page_of_a_gateway(caller: Caller) -> None:
    answer = caller.post(caller.body(prompt="[html:502]"))
    assert answer.status_code == 502
    assert answer.headers["Content-Type"] == "text/html"
    assert "<h1>502</h1>" in answer.text


def test_hang_makes_the_task_and_never_answers(caller: Caller) -> None:
    with pytest.raises(requests.ReadTimeout):
        caller.post(caller.body(prompt="[hang]"), timeout=1)
    wait_for_balance(caller, 99.8)


def test_lost_makes_the_task_and_hangs_up(caller: Caller) -> None:
    with pytest.raises(requests.ConnectionError):
        caller.post(caller.body(prompt="[lost]"))
    wait_for_balance(caller, 99.8)


def wait_for_balance(caller: Caller, balance: float) -> None:
    ends = time.monotonic() + 60
    while caller.balance() != balance:
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_status_fails_as_many_status_calls_as_counted(caller: Caller) -> None:
    task_id = caller.submit(prompt="[status:503 x2] [stuck]")
    assert [caller.poll(task_id).status_code for _ in range(3)] == [503, 503, 200]


def test_slow_task_takes_at_least_its_seconds(caller: Caller) -> None:
    data = caller.finished(caller.submit(prompt="[slow:1.2]"))
    assert data["costTime"] >= 1200


def test_stuck_task_stays_in_processing(caller: Caller) -> None:
    stuck = caller.submit(prompt="[stuck]")
    caller.reached(stuck, "processing")
    assert caller.finished(caller.submit())["state"] == "success"
    assert caller.status(stuck)["state"] == "processing"


def test_nojson_breaks_two_status_answers(caller: Caller) -> None:
    task_id = caller.submit(prompt="[nojson]")
    answers: list[str] = []
    while len(answers) < 3:
        data = caller.status(task_id)
        answers += [data["resultJson"]] if data["state"] == "success" else []
        time.sleep(0.02)
    assert not answers[0].endswith("}")
    assert not answers[1].endswith("}")
    assert answers[2].endswith("}")


def test_many_has_two_results(caller: Caller) -> None:
    first, second = caller.results(caller.finished(caller.submit(prompt="[many]")))
    contents = [requests.get(url, timeout=60).content for url in (first, second)]
    assert contents[0] != contents[1]
    assert all(content[4:8] == b"ftyp" for content in contents)


def test_badfile_result_is_a_web_page(caller: Caller) -> None:
    [url] = caller.results(caller.finished(caller.submit(prompt="[badfile]")))
    answer = requests.get(url, timeout=60)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")


def test_expired_link_is_replaced_by_a_fresh_one(caller: Caller) -> None:
    task_id = caller.submit(prompt="[expired]")
    [old] = caller.results(caller.finished(task_id))
    assert caller.results(caller.status(task_id)) == [old]
    assert requests.get(old, timeout=60).status_code == 403
    [fresh] = caller.results(caller.status(task_id))
    assert fresh != old
    assert requests.get(fresh, timeout=60).status_code == 200
    assert requests.get(old, timeout=60).status_code == 403
