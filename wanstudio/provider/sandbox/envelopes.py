"""What the API answers, as the reference page writes it: the envelope, a task's status, the balance."""

import json

from wanstudio.provider.sandbox.task_store import Task

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


def status(task: Task, result_base: str) -> dict[str, object]:
    """`data` of statusTask and of the callback. Times in ms. `result_base`: where the results are served."""
    data: dict[str, object] = {"taskId": task.id, "state": task.state}
    if task.state == "success":
        urls = [f"{result_base}/results/{result_name(task, number)}" for number in range(task.results)]
        whole = json.dumps({"resultUrls": urls})
        data["resultJson"] = (
            whole[: len(whole) // 2] if task.orders.nojson and task.readings < BROKEN_READINGS else whole
        )
    if task.state == "failed":
        data["failCode"], data["failMsg"] = task.fail_code, task.fail_message
    data["createTime"] = round(task.created * 1000)
    if task.completed is not None:
        data["completeTime"] = round(task.completed * 1000)
        if task.state == "success":
            data["costTime"] = round((task.completed - task.created) * 1000)
    return data


def result_name(task: Task, number: int) -> str:
    fresh = "-fresh" if task.orders.expired and task.url_version else ""
    return f"{task.id}-{number}{fresh}.mp4"
