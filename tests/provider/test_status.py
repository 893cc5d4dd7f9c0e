"""Answers about a task or a balance: those that are believed, and those that are a reason to ask again."""

import json
from decimal import Decimal

import pytest

from tests.provider.conftest import Clock, Connect, Serve
from tests.provider.scripted import answer, close, hang, raw, reset
from wanstudio.provider.calls import Error, StatusProblem, TaskState, TaskStatus

ID = "task_12345678"
RESULT = '{"resultUrls":["https://file.apixo.ai/video.mp4"]}'
HTML = b"<html>502</html>"


def envelope(data: object, code: int = 200, message: str = "success") -> dict[str, object]:
    return {"code": code, "message": message, "data": data}


def success(result: object) -> dict[str, object]:
    return envelope({"taskId": ID, "state": "success", "resultJson": result})


def test_the_answers_of_the_page(serve: Serve, connect: Connect) -> None:
    server = serve(
        raw(
            b'HTTP/1.1 200 OK\r\n\r\n{"code": 200, "message": "success", "data": {"taskId": "task_12345678", '
            b'"state": "processing", "createTime": 1767965610929}}'
        ),
        raw(
            b'HTTP/1.1 200 OK\r\n\r\n{"code": 200, "message": "success", "data": {"taskId": "task_12345678", '
            b'"state": "success", "resultJson": "{\\"resultUrls\\":[\\"https://file.apixo.ai/video.mp4\\"]}", '
            b'"createTime": 1767965610929, "completeTime": 1767965772317, "costTime": 161388}}'
        ),
        raw(
            b'HTTP/1.1 200 OK\r\n\r\n{"code": 200, "message": "success", "data": {"taskId": "task_12345678", '
            b'"state": "failed", "failCode": "PromptInvalid", "failMsg": "Prompt is invalid or rejected", '
            b'"createTime": 1767965610929, "completeTime": 1767965620132}}'
        ),
    )
    client = connect(server)
    assert client.status(ID) == TaskStatus(ID, TaskState.PROCESSING, created_ms=1767965610929)
    assert client.status(ID) == TaskStatus(
        ID,
        TaskState.SUCCESS,
        result_urls=("https://file.apixo.ai/video.mp4",),
        created_ms=1767965610929,
        completed_ms=1767965772317,
        cost_ms=161388,
    )
    assert client.status(ID) == TaskStatus(
        ID,
        TaskState.FAILED,
        fail_code="PromptInvalid",
        fail_message="Prompt is invalid or rejected",
        created_ms=1767965610929,
        completed_ms=1767965620132,
    )


def test_a_flapping_task_is_told_as_it_is(serve: Serve, connect: Connect) -> None:
    states = ["pending", "processing", "pending", "success", "processing", "failed"]
    server = serve(
        *(answer(200, envelope({"taskId": ID, "state": state, "resultJson": RESULT, "new": [1]})) for state in states)
    )
    client = connect(server)
    told = [client.status(ID) for _ in states]
    assert [status.state for status in told if isinstance(status, TaskStatus)] == states
    # Results count only at success.
    assert [bool(status.result_urls) for status in told if isinstance(status, TaskStatus)] == [
        state == "success" for state in states
    ]


def test_fields_of_a_wrong_type_are_left_out(serve: Serve, connect: Connect) -> None:
    data = {"state": "failed", "failCode": 1234, "failMsg": {"a": 1}, "createTime": "soon", "completeTime": True}
    told = connect(serve(answer(200, envelope({**data, "costTime": -1})))).status(ID)
    assert told == TaskStatus(ID, TaskState.FAILED, fail_code="1234")
    data = {"state": "failed", "failCode": "c" * 1000, "failMsg": "m" * 1000, "createTime": 10**30}
    told = connect(serve(answer(200, envelope({**data, "completeTime": 1.5})))).status(ID)
    assert told == TaskStatus(ID, TaskState.FAILED, fail_code="c" * 100, fail_message="m" * 500)


@pytest.mark.parametrize(
    ("result", "urls"),
    [
        (RESULT, ("https://file.apixo.ai/video.mp4",)),
        (json.loads(RESULT), ("https://file.apixo.ai/video.mp4",)),
        (
            '{"resultUrls":["http://a.example/1.mp4","https://b.example/2"]}',
            ("http://a.example/1.mp4", "https://b.example/2"),
        ),
        ('{"resultUrls":[null,"","https://b.example/2",7,"ftp://c"]}', ("https://b.example/2",)),
    ],
)
def test_every_usable_result_is_kept_in_order(
    serve: Serve, connect: Connect, result: object, urls: tuple[str, ...]
) -> None:
    told = connect(serve(answer(200, success(result)))).status(ID)
    assert isinstance(told, TaskStatus)
    assert told.result_urls == urls


@pytest.mark.parametrize(
    "result",
    [
        None,
        "",
        "{",
        "[]",
        "null",
        "{}",
        "\ud800",
        7,
        ["https://a.example/1.mp4"],
        '{"resultUrls":null}',
        '{"resultUrls":[]}',
        '{"resultUrls":"https://a.example/1.mp4"}',
        '{"resultUrls":[""]}',
        '{"resultUrls":["/video.mp4"]}',
        '{"resultUrls":["file:///etc/passwd"]}',
        '{"resultUrls":["https://"]}',
        '{"resultUrls":["https://[::1"]}',
        '{"resultUrls":["https://a.example/\\u0000"]}',
    ],
)
def test_success_without_a_usable_result_is_no_success(serve: Serve, connect: Connect, result: object) -> None:
    told = connect(serve(answer(200, success(result)))).status(ID)
    assert told == StatusProblem(Error.MALFORMED, 200, message="success without a usable result")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "the answer has no data"),
        ([], "the answer has no data"),
        ({}, "unknown state ''"),
        ({"state": "SUCCESS"}, "unknown state 'SUCCESS'"),
        ({"state": "paused"}, "unknown state 'paused'"),
        ({"state": ["success"]}, "unknown state ''"),
        ({"taskId": "task_2", "state": "success"}, "the answer is about another task"),
        ({"taskId": ["x"], "state": "success"}, "the answer is about another task"),
    ],
)
def test_what_is_not_understood_is_not_believed(serve: Serve, connect: Connect, data: object, message: str) -> None:
    told = connect(serve(answer(200, envelope(data)))).status(ID)
    assert told == StatusProblem(Error.MALFORMED, 200, message=message)


def test_a_numeric_task_id_is_the_same_task(serve: Serve, connect: Connect) -> None:
    told = connect(serve(answer(200, envelope({"taskId": 42, "state": "pending"})))).status("42")
    assert told == TaskStatus("42", TaskState.PENDING)


def test_a_code_in_quotes_loses_no_result_that_is_paid_for(serve: Serve, connect: Connect) -> None:
    body = success('{"resultUrls":["https://a.example/1.mp4"]}') | {"code": "200"}
    told = connect(serve(answer(200, body))).status(ID)
    assert isinstance(told, TaskStatus)
    assert told.result_urls == ("https://a.example/1.mp4",)


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (400, envelope(None, 400, "no"), Error.BAD_REQUEST, "no"),
        (401, envelope(None, 401, "no"), Error.UNAUTHORIZED, "no"),
        (402, envelope(None, 402, "no"), Error.INSUFFICIENT_BALANCE, "no"),
        (403, envelope(None, 403, "no"), Error.FORBIDDEN, "no"),
        (404, envelope(None, 404, "no such task"), Error.NOT_FOUND, "no such task"),
        (200, envelope(None, 404, "no such task"), Error.NOT_FOUND, "no such task"),
        (404, envelope({"state": "success"}, 200, "odd"), Error.NOT_FOUND, "odd"),
        (429, envelope(None, 429, "slow"), Error.RATE_LIMITED, "slow"),
        (500, envelope(None, 500, "no"), Error.SERVER_ERROR, "no"),
        (502, envelope(None, 502, "no"), Error.BAD_GATEWAY, "no"),
        (503, envelope(None, 503, "no"), Error.UNAVAILABLE, "no"),
        (504, envelope(None, 504, "no"), Error.GATEWAY_TIMEOUT, "no"),
        # In front of the API: nothing was said about the task or the key.
        (404, HTML, Error.UNEXPECTED_STATUS, ""),
        (401, HTML, Error.UNEXPECTED_STATUS, ""),
        (429, HTML, Error.RATE_LIMITED, ""),
        (502, HTML, Error.BAD_GATEWAY, ""),
        (302, HTML, Error.REDIRECTED, ""),
        (200, HTML, Error.MALFORMED, ""),
        (200, b"", Error.MALFORMED, ""),
        (418, envelope(None, 418, "tea"), Error.UNEXPECTED_STATUS, "tea"),
    ],
)
def test_every_other_answer_has_a_name(
    serve: Serve, connect: Connect, status: int, body: object, error: Error, message: str
) -> None:
    server = serve(answer(status, body, {"Retry-After": "9"}))
    problem = StatusProblem(error, status, 9, message)
    assert connect(server).status(ID) == problem
    assert connect(server).balance() == problem


def test_network_trouble_has_a_name(serve: Serve, connect: Connect, clock: Clock) -> None:
    half = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + json.dumps(success(RESULT)).encode())
    problems = [connect(serve(move)).status(ID) for move in (reset, close, half, hang)]
    assert [(problem.error, problem.http_status) for problem in problems if isinstance(problem, StatusProblem)] == [
        (Error.CONNECTION_LOST, None),
        (Error.CONNECTION_LOST, None),
        (Error.CONNECTION_LOST, 200),
        (Error.TIMED_OUT, None),
    ]
    refused = connect(serve(at_once=close)).balance()
    assert isinstance(refused, StatusProblem)
    assert refused.error is Error.CONNECTION_LOST


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("74.87", "74.87"),
        ("74.870000000000000000001", "74.870000000000000000001"),
        ("0.1", "0.1"),
        ("75", "75"),
        ("0", "0"),
        ("-1.5", "-1.5"),
        ("7.487e1", "74.87"),
    ],
)
def test_a_balance_is_exact(serve: Serve, connect: Connect, written: str, amount: str) -> None:
    body = b'{"code":200,"message":"success","data":%b}' % written.encode()
    balance = connect(serve(answer(200, body))).balance()
    assert isinstance(balance, Decimal)
    assert balance == Decimal(amount)


@pytest.mark.parametrize("written", ["null", "true", '"74.87"', "[1]", "1e300", "-1e300", "1000000000"])
def test_a_balance_that_is_no_amount(serve: Serve, connect: Connect, written: str) -> None:
    body = b'{"code":200,"message":"success","data":%b}' % written.encode()
    problem = connect(serve(answer(200, body))).balance()
    assert problem == StatusProblem(Error.MALFORMED, 200, message="the balance is not an amount")


@pytest.mark.parametrize("written", ["NaN", "Infinity", "", "1e99999999999999999999", "9" * 5000])
def test_a_balance_that_is_no_json(serve: Serve, connect: Connect, written: str) -> None:
    body = b'{"code":200,"message":"success","data":%b}' % written.encode()
    assert connect(serve(answer(200, body))).balance() == StatusProblem(Error.MALFORMED, 200)


def test_an_answer_without_its_message_still_says_what_became_of_the_task(serve: Serve, connect: Connect) -> None:
    server = serve(answer(200, {"code": 200, "data": {"taskId": ID, "state": "success", "resultJson": RESULT}}))
    told = connect(server).status(ID)
    assert isinstance(told, TaskStatus)
    assert told.state == TaskState.SUCCESS
