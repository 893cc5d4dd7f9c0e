"""The table of outcomes: what an answer to a POST means for the money."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.provider.conftest import Connect, Serve
from tests.provider.scripted import answer
from wanstudio.media.exchange import Answer, Broken
from wanstudio.media.fetch import retry_after
from wanstudio.provider.apixo.client import classify
from wanstudio.provider.calls import Error, GenerateRequest, Outcome

HTML = b"<html><body><h1>Bad Gateway</h1></body></html>"


def envelope(code: int, message: str = "no", data: object = None) -> dict[str, object]:
    return {"code": code, "message": message, "data": data}


@pytest.mark.parametrize(
    ("status", "body", "outcome", "error"),
    [
        # the API's own errors, each a named value
        (400, envelope(400), Outcome.REJECTED, Error.BAD_REQUEST),
        (401, envelope(401), Outcome.ACCOUNT, Error.UNAUTHORIZED),
        (402, envelope(402), Outcome.ACCOUNT, Error.INSUFFICIENT_BALANCE),
        (403, envelope(403), Outcome.REJECTED, Error.FORBIDDEN),
        (404, envelope(404), Outcome.REJECTED, Error.NOT_FOUND),
        (429, envelope(429), Outcome.THROTTLED, Error.RATE_LIMITED),
        (500, envelope(500), Outcome.NOT_ACCEPTED, Error.SERVER_ERROR),
        (502, envelope(502), Outcome.NOT_ACCEPTED, Error.BAD_GATEWAY),
        (503, envelope(503), Outcome.NOT_ACCEPTED, Error.UNAVAILABLE),
        (504, envelope(504), Outcome.UNKNOWN, Error.GATEWAY_TIMEOUT),
        # a body without `data` is an envelope too
        (401, {"code": 401, "message": "Invalid or missing API key"}, Outcome.ACCOUNT, Error.UNAUTHORIZED),
        # HTTP 200 with another code in the body: as that code
        (200, envelope(400), Outcome.REJECTED, Error.BAD_REQUEST),
        (200, envelope(401), Outcome.ACCOUNT, Error.UNAUTHORIZED),
        (200, envelope(402), Outcome.ACCOUNT, Error.INSUFFICIENT_BALANCE),
        (200, envelope(403), Outcome.REJECTED, Error.FORBIDDEN),
        (200, envelope(404), Outcome.REJECTED, Error.NOT_FOUND),
        (200, envelope(429), Outcome.THROTTLED, Error.RATE_LIMITED),
        (200, envelope(500), Outcome.NOT_ACCEPTED, Error.SERVER_ERROR),
        (200, envelope(502), Outcome.NOT_ACCEPTED, Error.BAD_GATEWAY),
        (200, envelope(503), Outcome.NOT_ACCEPTED, Error.UNAVAILABLE),
        (200, envelope(504), Outcome.UNKNOWN, Error.GATEWAY_TIMEOUT),
        (200, envelope(1001), Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        # not the API speaking
        (429, HTML, Outcome.THROTTLED, Error.RATE_LIMITED),
        (400, HTML, Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (401, HTML, Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (402, HTML, Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (403, HTML, Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (404, HTML, Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (404, {"message": "Not Found"}, Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (402, {"code": "402", "message": "no"}, Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (402, {"code": 402}, Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (500, HTML, Outcome.UNKNOWN, Error.SERVER_ERROR),
        (502, HTML, Outcome.UNKNOWN, Error.BAD_GATEWAY),
        (503, b"", Outcome.UNKNOWN, Error.UNAVAILABLE),
        (504, HTML, Outcome.UNKNOWN, Error.GATEWAY_TIMEOUT),
        # not in the table
        (405, envelope(405), Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (422, envelope(422), Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (501, envelope(501), Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (201, envelope(200), Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (202, envelope(402), Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (204, b"", Outcome.UNKNOWN, Error.UNEXPECTED_STATUS),
        (301, envelope(400), Outcome.UNKNOWN, Error.REDIRECTED),
        (302, HTML, Outcome.UNKNOWN, Error.REDIRECTED),
        (307, b"", Outcome.UNKNOWN, Error.REDIRECTED),
        # contradictions: the body speaks of success or of a time-out
        (400, envelope(200), Outcome.UNKNOWN, Error.BAD_REQUEST),
        (500, envelope(200), Outcome.UNKNOWN, Error.SERVER_ERROR),
        (500, envelope(0), Outcome.UNKNOWN, Error.SERVER_ERROR),
        (502, envelope(504), Outcome.UNKNOWN, Error.BAD_GATEWAY),
        (504, envelope(400), Outcome.UNKNOWN, Error.GATEWAY_TIMEOUT),
        # 200 without a task id
        (200, b"", Outcome.UNKNOWN, Error.MALFORMED),
        (200, HTML, Outcome.UNKNOWN, Error.MALFORMED),
        (200, b'{"code":200,"data":{"taskId":"task_1"', Outcome.UNKNOWN, Error.MALFORMED),
        (200, b"[" * 100_000, Outcome.UNKNOWN, Error.MALFORMED),
        (200, b'{"code":NaN}', Outcome.UNKNOWN, Error.MALFORMED),
        (200, b'{"code":1e99999999999999999999}', Outcome.UNKNOWN, Error.MALFORMED),
        (200, b"\xff\xfe\xfa", Outcome.UNKNOWN, Error.MALFORMED),
        (200, ["taskId"], Outcome.UNKNOWN, Error.MALFORMED),
        (200, {"code": True, "message": "success"}, Outcome.UNKNOWN, Error.MALFORMED),
        (200, envelope(200), Outcome.UNKNOWN, Error.MALFORMED),
        (200, envelope(200, data={}), Outcome.UNKNOWN, Error.MALFORMED),
        (200, envelope(200, data=["task_1"]), Outcome.UNKNOWN, Error.MALFORMED),
        (200, envelope(200, data={"taskId": ""}), Outcome.UNKNOWN, Error.MALFORMED),
        (200, envelope(200, data={"taskId": "  "}), Outcome.UNKNOWN, Error.MALFORMED),
        (200, envelope(200, data={"taskId": None}), Outcome.UNKNOWN, Error.MALFORMED),
        (200, envelope(200, data={"taskId": True}), Outcome.UNKNOWN, Error.MALFORMED),
        (200, envelope(200, data={"taskId": "a\x00b"}), Outcome.UNKNOWN, Error.MALFORMED),
        (200, envelope(200, data={"taskId": "t" * 201}), Outcome.UNKNOWN, Error.MALFORMED),
    ],
)
def test_the_table(
    serve: Serve,
    connect: Connect,
    animate: GenerateRequest,
    status: int,
    body: object,
    outcome: Outcome,
    error: Error,
) -> None:
    server = serve(answer(status, body, {"Location": "http://127.0.0.1:9/elsewhere"} if 300 <= status < 400 else {}))
    submission = connect(server).submit(animate)
    assert (submission.outcome, submission.error) == (outcome, error)
    assert (submission.http_status, submission.task_id) == (status, "")
    assert len(server.requests) == 1


LACKING = [
    "Insufficient credits",
    "INSUFFICIENT_CREDITS",
    "InsufficientBalance",
    "insufficient account balance, please recharge",
    "You don't have enough credits to run this model.",
    "Your credit balance is too low",
    "CREDIT_NOT_ENOUGH",
    "Out of credits.",
    "No remaining credits",
    "Insufficient funds: required 0.57, available 0.02",
    "The balance does not cover this task",
    "余额不足",
]


@pytest.mark.parametrize("said", LACKING)
@pytest.mark.parametrize(("status", "code"), [(400, 400), (403, 403), (200, 400), (422, 422), (429, 429), (500, 500)])
def test_missing_money_is_read_in_any_refusal(
    serve: Serve, connect: Connect, animate: GenerateRequest, said: str, status: int, code: int
) -> None:
    bodies = [
        envelope(code, said),
        envelope(code, "Bad request", {"error": said}),
        envelope(code, "Bad request", {"failCode": said}),
        envelope(code, "Bad request", [{"detail": said}]),
        {"code": said, "message": "no"},
        {"code": code, "msg": said},
        {"code": code, "data": {"msg": said}},
        {"code": code, "message": "no", "error": {"message": said}},
    ]
    server = serve(*[answer(status, body) for body in bodies])
    for _ in bodies:
        submission = connect(server).submit(animate)
        assert (submission.outcome, submission.error) == (Outcome.ACCOUNT, Error.INSUFFICIENT_BALANCE)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        # the prompt, quoted or not
        (400, envelope(400, "Prompt “he has Insufficient Credits” was rejected"), Outcome.REJECTED),
        (400, envelope(400, "Prompt rejected: a man, out of credits, at the bar"), Outcome.REJECTED),
        (403, envelope(403, "Content rejected", {"error": "out of credits at the"}), Outcome.REJECTED),
        (400, envelope(400, "Prompt rejected: a man, out of&#32;credits, at the bar"), Outcome.REJECTED),
        (400, envelope(400, "Content rejected", {"input": {"prompt": "Insufficient credits"}}), Outcome.REJECTED),
        # a code is not taken from a prompt
        (400, {"code": "OUT_OF_CREDITS", "message": "no"}, Outcome.ACCOUNT),
        # other words about other things
        (400, envelope(400, "The white balance of image_urls[0] is poor"), Outcome.REJECTED),
        (400, envelope(400, "No credit card may be shown"), Outcome.REJECTED),
        # not the API speaking, or speaking of success or of a time-out
        (402, b"Insufficient credits", Outcome.UNKNOWN),
        (400, {"message": "Insufficient credits"}, Outcome.UNKNOWN),
        (400, envelope(200, "Insufficient credits"), Outcome.UNKNOWN),
        (504, envelope(400, "Insufficient credits"), Outcome.UNKNOWN),
        (500, envelope(504, "Insufficient credits"), Outcome.UNKNOWN),
        (302, envelope(400, "Insufficient credits"), Outcome.UNKNOWN),
        (200, envelope(200, "Insufficient credits"), Outcome.UNKNOWN),
    ],
)
def test_words_that_do_not_mean_missing_money(
    serve: Serve, connect: Connect, animate: GenerateRequest, status: int, body: object, outcome: Outcome
) -> None:
    asked = replace(animate, prompt="A man, out of credits, at the bar of a harbour")
    assert connect(serve(answer(status, body))).submit(asked).outcome == outcome


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 404, 429, 500, 502, 504])
@pytest.mark.parametrize("code", [200, 400, 504])
def test_a_task_id_is_accepted_whatever_the_status(
    serve: Serve, connect: Connect, animate: GenerateRequest, status: int, code: int
) -> None:
    server = serve(answer(status, envelope(code, data={"taskId": "task_1"})))
    submission = connect(server).submit(animate)
    assert (submission.outcome, submission.task_id, submission.error) == (Outcome.ACCEPTED, "task_1", None)
    assert (submission.http_status, submission.code) == (status, code)


@pytest.mark.parametrize(
    ("body", "task_id"),
    [
        ({"data": {"taskId": "task_1"}}, "task_1"),
        ({"taskId": "task_1"}, "task_1"),
        ({"data": {"taskId": 12345678}}, "12345678"),
    ],
)
def test_a_task_id_is_found_in_odd_answers(
    serve: Serve, connect: Connect, animate: GenerateRequest, body: object, task_id: str
) -> None:
    submission = connect(serve(answer(200, body))).submit(animate)
    assert (submission.outcome, submission.task_id) == (Outcome.ACCEPTED, task_id)


def test_the_message_carries_the_detail(serve: Serve, connect: Connect, animate: GenerateRequest) -> None:
    body = envelope(400, "Bad request", {"error": "Missing required field\n\x1b[31mimage_urls \ud800"})
    submission = connect(serve(answer(400, body))).submit(animate)
    assert submission.message == "Bad request: Missing required field [31mimage_urls"
    assert submission.code == 400


def test_a_message_has_an_end(serve: Serve, connect: Connect, animate: GenerateRequest) -> None:
    submission = connect(serve(answer(400, envelope(400, "long " * 10_000)))).submit(animate)
    assert len(submission.message) == 500


def test_retry_after_is_handed_on(serve: Serve, connect: Connect, animate: GenerateRequest) -> None:
    server = serve(answer(429, HTML, {"Retry-After": "17"}))
    assert connect(server).submit(animate).retry_after_s == 17
    assert server.connections == 1


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("17", 17), (" 0 ", 0), ("999999", 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 21 Oct 2015 07:28:00", 0)]
    + [(value, None) for value in ("", "soon", "-1", "1.5", "inf", "9" * 400, "Wed, 99 Oct 2015 07:28:00 GMT")],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-AFTER": value}) == seconds


def test_retry_after_may_be_a_moment_to_come() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < (retry_after({"Retry-After": moment}) or 0) <= 90


def test_without_the_header_there_is_no_wait() -> None:
    assert retry_after({"Date": "Wed, 21 Oct 2015 07:28:00 GMT"}) is None


@settings(deadline=None)
@given(st.integers(100, 599), st.binary() | st.text().map(str.encode), st.text())
def test_no_answer_is_too_strange(status: int, body: bytes, header: str) -> None:
    submission = classify(Answer(status, {"Retry-After": header}, body))
    assert submission.outcome in (Outcome.UNKNOWN, Outcome.THROTTLED)
    assert submission.error


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
objects = st.dictionaries(st.sampled_from(["taskId", "error", "state"]), scalars)


@settings(deadline=None)
@given(st.integers(100, 599), st.sampled_from([0, 200, 400, 402, 429, 500, 504]) | scalars, scalars, scalars | objects)
def test_only_a_task_id_is_an_acceptance(status: int, code: object, message: object, data: object) -> None:
    submission = classify(Answer(status, {}, json.dumps({"code": code, "message": message, "data": data}).encode()))
    assert (submission.outcome is Outcome.ACCEPTED) == bool(submission.task_id) == (submission.error is None)


@pytest.mark.parametrize("written", [True, False])
def test_an_answer_that_breaks_behind_its_task_id_is_accepted(written: bool) -> None:
    submission = classify(Broken(TimeoutError(), written, 200, b'{"data":{"taskId":"task_1"}}'))
    assert (submission.outcome, submission.task_id) == (Outcome.ACCEPTED, "task_1")
