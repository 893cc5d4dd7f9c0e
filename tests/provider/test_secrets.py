"""The key leaves this machine in one header, and appears nowhere else."""

import logging
from dataclasses import replace

import pytest

from tests.provider.conftest import KEY, Connect, Serve, client_of
from tests.provider.scripted import answer, raw, reset
from wanstudio.provider.calls import GenerateRequest


def test_a_client_shows_its_address_but_not_its_key(animate: GenerateRequest) -> None:
    client = client_of("https://api.apixo.ai/api/v1/")
    assert "'https://api.apixo.ai/api/v1'" in repr(client)
    assert "'wan-2-2-animate'" in repr(client)
    assert KEY not in repr(client) + str(client)


def test_no_answer_brings_the_key_into_a_message_or_a_log(
    serve: Serve, connect: Connect, animate: GenerateRequest, caplog: pytest.LogCaptureFixture
) -> None:
    quoted = {"code": 401, "message": f"Unknown key {KEY}", "data": {"error": f"Bearer {KEY}"}}
    failed = {"code": 200, "message": "ok", "data": {"state": "failed", "failMsg": f"for {KEY}"}}
    odd = {"code": 200, "message": "ok", "data": {"state": KEY}}
    moves = [answer(401, quoted), raw(f"HTTP/1.1 {KEY}\r\n\r\n".encode()), reset]
    with caplog.at_level(logging.DEBUG):
        sent = [connect(serve(move)).submit(animate) for move in moves]
        asked = [connect(serve(move)).status("t") for move in [*moves, answer(200, failed), answer(200, odd)]]
    assert sent[0].message == "Unknown key [key]: Bearer [key]"
    for text in [repr(sent), repr(asked), caplog.text]:
        assert KEY not in text


def test_the_word_sandbox_is_no_secret(serve: Serve, connect: Connect, animate: GenerateRequest) -> None:
    server = serve(answer(400, {"code": 400, "message": "the sandbox says no"}))
    assert connect(server, key="sandbox").submit(animate).message == "the sandbox says no"


def test_a_traceback_through_the_client_does_not_hold_the_key(
    serve: Serve, connect: Connect, animate: GenerateRequest
) -> None:
    def refuse() -> None:
        raise RuntimeError("not now")

    with pytest.raises(RuntimeError) as caught:
        connect(serve(answer(200))).submit(animate, before_write=refuse)
    assert KEY not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("key", ["", " ", "a key", "key\n", "key\r\nX: y", "schlüssel", "key\x00"])
def test_a_key_that_cannot_be_sent_is_refused_unseen(key: str) -> None:
    with pytest.raises(ValueError, match="key is empty or contains") as caught:
        client_of("https://api.apixo.ai/api/v1", key)
    assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "api.apixo.ai", "ftp://api.apixo.ai", "https://", "https://me:you@api.apixo.ai/api/v1", "https://a.b/?c"],
)
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must look like https"):
        client_of(url)


def test_links_that_we_hand_out_are_not_shown(animate: GenerateRequest) -> None:
    shown = repr(replace(animate, callback_url="https://studio.example.com/hooks/apixo/token/"))
    assert "https://" not in shown
    assert "480p" in shown
