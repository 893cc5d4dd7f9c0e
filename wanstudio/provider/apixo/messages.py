"""The JSON that APIXO is sent and answers with. Source: its page for Wan 2.2 Animate; other fields are ignored.

Answers come from a machine we do not control: every value is checked for type and size here, and text is made safe to
store and to print, so that no other module has to.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote, urlsplit

from wanstudio.media.targets import without_signatures
from wanstudio.provider.calls import GenerateRequest, TaskState, TaskStatus

TEXT_LIMIT = 500
IDENTIFIER_LIMIT = 200
FAIL_CODE_LIMIT = 100
# Fields with words of the API's own, in all the shapes that its answers have.
_SPEAKING = (
    *("code", "message", "msg", "error", "errors", "data", "detail", "reason"),
    *("errorCode", "error_code", "errorMessage", "failCode", "failMsg"),
)


def generate_path(model: str) -> str:
    return f"/generateTask/{quote(model, safe='')}"


def generate_body(request: GenerateRequest) -> dict[str, object]:
    """The JSON body of generateTask. A blank prompt is left out: sent, it must not be empty."""
    callback = {"callback_url": request.callback_url} if request.callback_url else {}
    prompt = {"prompt": request.prompt} if request.prompt.strip() else {}
    return {
        "request_type": "callback" if callback else "async",
        **callback,
        "input": {
            "mode": "standard",
            "type": request.behaviour,
            "image_urls": [request.image_url],
            "video_urls": [request.video_url],
            **prompt,
            "resolution": request.resolution,
            "seed": request.seed,
        },
    }


@dataclass(frozen=True)
class Envelope:
    """What the API itself wraps around every answer; gateways in front of it answer without one."""

    code: int
    message: str
    data: object


def read_envelope(body: bytes, *, wordless: bool = False) -> Envelope | None:
    """The envelope in `body`, or None when this is not the API speaking. Adds `data.error` to the message.

    `wordless`: it can lack its message, and write its code as text. So for questions, where nothing is paid by
    believing a little more.
    """
    answer = _read_object(body)
    code, message, data = answer.get("code"), answer.get("message", "" if wordless else None), answer.get("data")
    if wordless and isinstance(code, str) and re.fullmatch("[0-9]{1,4}", code):
        code = int(code)
    if not isinstance(code, int) or isinstance(code, bool) or not isinstance(message, str):
        return None
    detail = clean_text(data.get("error")) if isinstance(data, dict) else ""
    return Envelope(code, clean_text(f"{message}: {detail}" if detail else message), data)


def words_of_refusal(body: bytes) -> list[str]:
    """What an answer says besides numbers; nothing without a `code`, which only the API itself writes."""
    answer = _read_object(body)
    return [clean_text(text) for text in _words(answer)] if answer.get("code") is not None else []


def _words(value: object, depth: int = 4) -> Iterator[str]:
    """Only under names that speak: what was asked can be quoted under others."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth:
        inner = value if isinstance(value, list) else [value.get(name) for name in _SPEAKING]
        for each in inner:
            yield from _words(each, depth - 1)


def carried_task_id(body: bytes) -> str:
    """The taskId in `body`, or "". Read outside an envelope too: an id that we miss is a video paid for and lost."""
    answer = _read_object(body)
    data = answer.get("data")
    return (_identifier(data.get("taskId")) if isinstance(data, dict) else "") or _identifier(answer.get("taskId"))


def read_task(data: object, task_id: str) -> TaskStatus:
    """The `data` of a statusTask answer about `task_id`.

    Raises ValueError, saying why, for whatever cannot be acted on: another task, a state that we do not know, success
    without a usable result.
    """
    if not isinstance(data, dict):
        raise ValueError("the answer has no data")
    if data.get("taskId") is not None and _identifier(data["taskId"]) != task_id:
        raise ValueError("the answer is about another task")
    state = next((state for state in TaskState if state == data.get("state")), None)
    if state is None:
        raise ValueError(f"unknown state {clean_text(data.get('state'))!r}")
    return TaskStatus(
        task_id=task_id,
        state=state,
        result_urls=_read_results(data.get("resultJson")) if state is TaskState.SUCCESS else (),
        fail_code=clean_text(data.get("failCode"), FAIL_CODE_LIMIT),
        fail_message=clean_text(data.get("failMsg")),
        created_ms=_whole(data.get("createTime")),
        completed_ms=_whole(data.get("completeTime")),
        cost_ms=_whole(data.get("costTime")),
    )


def read_balance(data: object) -> Decimal:
    """The `data` of a current-balance answer in US dollars, exactly as written. Raises ValueError for no amount."""
    if isinstance(data, int | Decimal) and not isinstance(data, bool) and -(10**9) < data < 10**9:
        return Decimal(data)
    raise ValueError("the balance is not an amount")


def _read_results(result: object) -> tuple[str, ...]:
    # Documented as a string of JSON. Plain JSON is taken as well: the result behind it is paid for and expires.
    payload = _read_object(result.encode("utf-8", "replace")) if isinstance(result, str) else result
    urls = payload.get("resultUrls") if isinstance(payload, dict) else None
    # Named twice, a result still is one.
    usable = tuple(dict.fromkeys(url for url in urls if _is_address(url))) if isinstance(urls, list) else ()
    if not usable:
        raise ValueError("success without a usable result")
    return usable


def _read_object(body: bytes) -> dict[str, object]:
    # Numbers become Decimal so that a balance of 74.87 is 74.87. Bad JSON and JSON that is no object read as {}, and so
    # does NaN or Infinity, which int refuses.
    try:
        answer = json.loads(body, parse_float=Decimal, parse_constant=int)
    except (ValueError, ArithmeticError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def clean_text(value: object, limit: int = TEXT_LIMIT) -> str:
    """Words of a machine that we do not control, fit for a log line, a page and a row; "" for what is no text."""
    if not isinstance(value, str):
        value = str(value) if isinstance(value, int) else ""
    value = without_signatures(value)
    # Control characters and lone surrogates would break a log line or the database.
    return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())[:limit]


def _identifier(value: object) -> str:
    # Never shortened or cleaned: an id that is not exactly the provider's is worth nothing.
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.isprintable() or len(text) > IDENTIFIER_LIMIT:
        return ""
    return text if text.strip() else ""


def _whole(value: object) -> int | None:
    # The bound keeps nonsense out of 64-bit columns and is beyond any time or duration in ms.
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _is_address(value: object) -> bool:
    if not isinstance(value, str) or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
