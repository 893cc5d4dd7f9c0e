"""Every order that a prompt can give."""

import time

import pytest
import requests

from tests.provider.sandbox.caller import Caller
from wanstudio.provider.sandbox.prompt_orders import ALWAYS, TABLE, Orders, read_orders


def test_every_order_of_the_table_is_understood() -> None:
    for example, _ in TABLE:
        assert read_orders(f"a walk {example} at dusk") != Orders(), example


@pytest.mark.parametrize(
    "prose", ["a walk", "[sic]", "[http:abc]", "[http:200]", "[slow:]", "[fail]", "[hang:5]", "[[]]", "[http:403x1]"]
)
def test_prose_is_left_alone(prose: str) -> None:
    assert read_orders(prose) == Orders()


def test_orders_can_be_combined() -> None:
    assert read_orders("[slow:2.5][fail:NSFW]") == Orders(slow_s=2.5, fail="NSFW")
    assert read_orders("[http:503 x4]") == Orders(http=503, submits=4)
    assert read_orders("[http:403 x1]") == Orders(http=403, submits=1)
    assert read_orders("[http:402]").submits == ALWAYS


def test_a_failure_of_choice(caller: Caller) -> None:
    data = caller.finished(caller.submit(prompt="[fail:PromptInvalid]"))
    assert (data["failCode"], data["failMsg"]) == ("PromptInvalid", "Prompt is invalid or rejected")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_passing_trouble_strikes_once(caller: Caller, status: int) -> None:
    body = caller.body(prompt=f"[http:{status}] [stuck]")
    first = caller.post(body)
    assert first.status_code == first.json()["code"] == status
    assert ("Retry-After" in first.headers) == (status == 429)
    assert caller.post(body).status_code == 200
    # The one that got through ends the count: the next job has its trouble again.
    assert caller.post(body).status_code == status


def test_another_callback_address_does_not_make_it_another_request(caller: Caller) -> None:
    body = caller.body(prompt="[http:429] [stuck]") | {"request_type": "callback"}
    assert caller.post(body | {"callback_url": "https://a.example/1"}).status_code == 429
    assert caller.post(body | {"callback_url": "https://a.example/2"}).status_code == 200


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 504])
def test_lasting_trouble_lasts(caller: Caller, status: int) -> None:
    body = caller.body(prompt=f"[http:{status}]")
    assert [caller.post(body).status_code for _ in range(3)] == [status] * 3


def test_a_count_says_how_often(caller: Caller) -> None:
    body = caller.body(prompt="[http:500 x2] [stuck]")
    assert [caller.post(body).status_code for _ in range(4)] == [500, 500, 200, 500]


def test_a_gateway_answers_with_a_page(caller: Caller) -> None:
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
    ends = time.monotonic() + 20
    while caller.balance() != balance:
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_status_calls_can_fail_for_a_while(caller: Caller) -> None:
    task_id = caller.submit(prompt="[status:503 x2] [stuck]")
    assert [caller.poll(task_id).status_code for _ in range(3)] == [503, 503, 200]


def test_slow_takes_its_time(caller: Caller) -> None:
    data = caller.finished(caller.submit(prompt="[slow:1.2]"))
    assert data["costTime"] >= 1200


def test_stuck_never_ends(caller: Caller) -> None:
    stuck, after = caller.submit(prompt="[stuck]"), caller.submit()
    assert caller.finished(after)["state"] == "success"
    assert caller.status(stuck)["state"] == "processing"


def test_nojson_is_broken_twice(caller: Caller) -> None:
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
    contents = [requests.get(url, timeout=10).content for url in (first, second)]
    assert contents[0] != contents[1]
    assert all(content[4:8] == b"ftyp" for content in contents)


def test_badfile_is_a_web_page(caller: Caller) -> None:
    [url] = caller.results(caller.finished(caller.submit(prompt="[badfile]")))
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")


def test_an_expired_link_is_replaced_by_a_fresh_one(caller: Caller) -> None:
    task_id = caller.submit(prompt="[expired]")
    [old] = caller.results(caller.finished(task_id))
    assert caller.results(caller.status(task_id)) == [old]
    assert requests.get(old, timeout=10).status_code == 403
    [fresh] = caller.results(caller.status(task_id))
    assert fresh != old
    assert requests.get(fresh, timeout=10).status_code == 200
    assert requests.get(old, timeout=10).status_code == 403
