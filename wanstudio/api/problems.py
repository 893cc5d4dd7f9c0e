"""Problems: error answers as in RFC 9457 (`application/problem+json`), in the sentences of the pages."""

import logging
from http import HTTPStatus

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from wanstudio.work.outages import noticed

log = logging.getLogger(__name__)

# Statuses of the tus protocol alone.
OWN_TITLES = {460: "Checksum Mismatch"}
NO_SUCH = "Not found, or this token has no access to it."
# One sentence for every reason.
UNAUTHORIZED = "Send a valid token of this studio: Authorization: Bearer wan_… Cookies do not count."


class Problem(Exception):
    """Answered as it is. `kind` names it in the page of examples; `more` are additional members."""

    def __init__(
        self, status: int, kind: str, detail: str, headers: dict[str, str] | None = None, **more: object
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers, self.more = status, kind, detail, headers or {}, more


def answer(problem: Problem) -> JsonResponse:
    members = {
        "type": f"/api/#{problem.kind}",
        "title": OWN_TITLES.get(problem.status) or HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    return JsonResponse(
        members | problem.more, status=problem.status, content_type="application/problem+json", headers=problem.headers
    )


def invalid(detail: str, errors: dict[str, list[str]]) -> Problem:
    return Problem(422, "invalid", detail, errors=errors)


def register(api: NinjaAPI) -> None:
    """Error responses of the API."""
    on = api.add_exception_handler
    on(Problem, lambda request, problem: answer(problem))  # type: ignore[arg-type]
    unauthorized = Problem(401, "unauthorized", UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
    on(AuthenticationError, lambda request, wrong: answer(unauthorized))
    on(Http404, lambda request, wrong: answer(Problem(404, "not-found", NO_SUCH)))
    on(ValidationError, lambda request, wrong: answer(_shape(wrong)))  # type: ignore[arg-type]
    on(HttpError, lambda request, wrong: answer(_http(wrong)))  # type: ignore[arg-type]
    for unread in (SuspiciousOperation, MultiPartParserError, UnreadablePostError):
        on(unread, _answer_unread)
    on(Exception, _surprise)


def _shape(wrong: ValidationError) -> Problem:
    errors: dict[str, list[str]] = {}
    for error in wrong.errors:
        path = [str(part) for part in error["loc"] if part not in ("body", "query", "path", "data")]
        errors.setdefault(".".join(path[-1:]) or "body", []).append(str(error["msg"]))
    named = "; ".join(f"{name}: {sentences[0]}" for name, sentences in errors.items())
    return invalid(f"The request does not match the schema. {named}.", errors)


def _http(wrong: HttpError) -> Problem:
    return Problem(wrong.status_code, "invalid" if wrong.status_code < 500 else "failed", str(wrong.message))


def _answer_unread(request: HttpRequest, wrong: Exception | type[Exception]) -> JsonResponse:
    if isinstance(wrong, RequestDataTooBig):
        return answer(Problem(413, "invalid", "The request is too large. Nothing was done."))
    return answer(Problem(400, "invalid", "The request ended too early or cannot be read. Nothing was done."))


def _surprise(request: HttpRequest, wrong: Exception | type[Exception]) -> JsonResponse:
    if isinstance(wrong, Exception) and (away := noticed(wrong)):
        again = f"{away.sentence} Send it again in a moment, with the same Idempotency-Key if it makes a video."
        return answer(Problem(503, "unavailable", again, {"Retry-After": "10"}))
    log.exception("the API failed: %s", type(wrong).__name__)
    return answer(Problem(500, "failed", "The studio failed. The cause is in its log."))
