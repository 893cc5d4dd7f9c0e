"""Answers of the API as the reference page writes them: the envelope, an error, a task's status."""

import json

from .task_store import Task

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


def success(data: object) -> bytes:
    return json.dumps({"code": 200, "message": "success", "data": data}).encode()


def error(code: int, message: str = "") -> bytes:
    """The documented form; a reason stands in both places where one was seen."""
    envelope: dict[str, object] = {"code": code, "message": message or MESSAGES.get(code, "Error")}
    if message:
        envelope["data"] = {"error": message}
    return json.dumps(envelope).encode()


def status(task: Task, origin: str) -> dict[str, object]:
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
