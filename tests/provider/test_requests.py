"""Requests on the wire equal the examples of APIXO's page, field by field."""

import json
from dataclasses import replace

import pytest

from tests.provider.conftest import KEY, Connect, Serve
from tests.provider.scripted import answer
from wanstudio.provider.calls import GenerateRequest

ACCEPTED = {"code": 200, "message": "success", "data": {"taskId": "task_12345678"}}

QUICKSTART = """{
    "request_type": "async",
    "input": {
      "mode": "standard",
      "type": "animate",
      "image_urls": [
        "https://example.com/character.png"
      ],
      "video_urls": [
        "https://example.com/motion.mp4"
      ],
      "resolution": "480p",
      "seed": -1
    }
  }"""
ANIMATE = """{
  "request_type": "async",
  "input": {
    "mode": "standard",
    "type": "animate",
    "image_urls": [
      "https://example.com/character.png"
    ],
    "video_urls": [
      "https://example.com/motion.mp4"
    ],
    "prompt": "keep the face stable and follow the motion naturally",
    "resolution": "480p",
    "seed": -1
  }
}"""
REPLACE = """{
  "request_type": "async",
  "input": {
    "mode": "standard",
    "type": "replace",
    "image_urls": [
      "https://example.com/character.png"
    ],
    "video_urls": [
      "https://example.com/motion.mp4"
    ],
    "prompt": "replace the person in the motion video with the provided character",
    "resolution": "720p",
    "seed": 42
  }
}"""
CALLBACK = """{
    "request_type": "callback",
    "callback_url": "https://your-server.com/webhooks/apixo",
    "input": {
      "mode": "standard",
      "type": "replace",
      "image_urls": [
        "https://example.com/character.png"
      ],
      "video_urls": [
        "https://example.com/motion.mp4"
      ],
      "prompt": "replace the person in the motion video with the provided character",
      "resolution": "720p",
      "seed": 42
    }
  }"""

FOLLOW = "keep the face stable and follow the motion naturally"
SWAP = "replace the person in the motion video with the provided character"
HOOK = "https://your-server.com/webhooks/apixo"


@pytest.mark.parametrize(
    ("changes", "example"),
    [
        ({}, QUICKSTART),
        ({"prompt": "  \n"}, QUICKSTART),
        ({"prompt": FOLLOW}, ANIMATE),
        ({"behaviour": "replace", "prompt": SWAP, "resolution": "720p", "seed": 42}, REPLACE),
        ({"behaviour": "replace", "prompt": SWAP, "resolution": "720p", "seed": 42, "callback_url": HOOK}, CALLBACK),
    ],
    ids=["quickstart", "blank prompt", "animate", "replace", "callback"],
)
def test_a_submission_equals_the_example(
    serve: Serve, connect: Connect, animate: GenerateRequest, changes: dict[str, object], example: str
) -> None:
    server = serve(answer(200, ACCEPTED))
    submission = connect(server).submit(replace(animate, **changes))  # type: ignore[arg-type]
    assert submission.task_id == "task_12345678"
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/api/v1/generateTask/wan-2-2-animate")
    assert request.json == json.loads(example)
    assert list(json.loads(request.body)["input"]) == list(json.loads(example)["input"])
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "authorization": f"Bearer {KEY}",
        "content-type": "application/json",
        "content-length": str(len(request.body)),
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "WanStudio",
        "connection": "close",
    }


def test_any_prompt_arrives_as_it_was_written(serve: Serve, connect: Connect, animate: GenerateRequest) -> None:
    server = serve(answer(200, ACCEPTED))
    prompt = ' “Mira” läuft 🏃 "\\ \u2028'
    connect(server).submit(replace(animate, prompt=prompt))
    assert json.loads(server.requests[0].body)["input"]["prompt"] == prompt


@pytest.mark.parametrize(
    ("task_id", "query"),
    [
        ("task_12345678", "task_12345678"),
        ("a/b c?d&e=é%41#", "a%2Fb%20c%3Fd%26e%3D%C3%A9%2541%23"),
        ("..", ".."),
    ],
)
def test_a_status_question_names_its_task(serve: Serve, connect: Connect, task_id: str, query: str) -> None:
    server = serve(answer(200, {"code": 200, "message": "success", "data": {"state": "pending"}}))
    connect(server).status(task_id)
    [request] = server.requests
    assert (request.method, request.target) == ("GET", f"/api/v1/statusTask/wan-2-2-animate?taskId={query}")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == b""
    assert "content-type" not in request.headers


def test_the_balance_question(serve: Serve, connect: Connect) -> None:
    server = serve(answer(200, {"code": 200, "message": "success", "data": 1}))
    connect(server).balance()
    [request] = server.requests
    assert (request.method, request.target) == ("GET", "/api/v1/apikeys/current-balance")
    assert request.headers["authorization"] == f"Bearer {KEY}"
