"""Endpoints of `/api/v1/`. Their docstrings are the description that a reader of the OpenAPI document sees."""

from typing import Literal

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from ninja import NinjaAPI, Query, Schema
from ninja.errors import ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from pydantic import ValidationError as Misshapen

from wanstudio.api import authentication as tokens
from wanstudio.api import problems
from wanstudio.api.descriptions import KEY_HEADER, MP4, UPLOAD_BODY
from wanstudio.api.job_creation import make, priced
from wanstudio.api.request_shapes import JobIn, Paging, QuoteIn, UploadChange, UploadIn
from wanstudio.api.shapes import (
    JobOut,
    Jobs,
    ProblemOut,
    QuoteOut,
    UploadOut,
    Uploads,
    VideoOut,
    Videos,
    job_row,
    upload_row,
    video_row,
)
from wanstudio.jobs import verbs
from wanstudio.jobs.models import State
from wanstudio.jobs.words import ALREADY_SENT
from wanstudio.teams import access
from wanstudio.uploads.forms import SourceForm
from wanstudio.uploads.names import clean
from wanstudio.uploads.verbs import rename
from wanstudio.uploads.words import NO_NAME
from wanstudio.videos.queries import StoredVideo
from wanstudio.videos.views import video_page as files
from wanstudio.web import lookups
from wanstudio.web.addresses import address_of
from wanstudio.web.lookups import Row
from wanstudio.work.leases import Stale

Kind = Literal["", "character", "motion"]
WRONG: dict[int, type[Schema]] = {401: ProblemOut, 403: ProblemOut, 422: ProblemOut, 429: ProblemOut}
NO_SUCH: dict[int, type[Schema]] = WRONG | {404: ProblemOut}
REFUSED: dict[int, type[Schema]] = WRONG | {402: ProblemOut, 409: ProblemOut}


def page(request: HttpRequest, rows: QuerySet[Row], paging: Paging) -> tuple[list[Row], str | None]:
    """The rows, newest first, and the address of the next page: steady while new ones arrive."""
    found, following = lookups.page(rows, str(paging.before) if paging.before else None, paging.limit)
    if not following:
        return found, None
    query = request.GET.copy()
    query["before"] = str(following)
    return found, address_of(f"{request.path}?{query.urlencode()}")


class Described(NinjaAPI):
    """Names operations by their functions, and errors by the media type that they have."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return str(operation.view_func.__name__)

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, object] | None = None
    ) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        for operation in (each for path in schema["paths"].values() for each in path.values()):
            for status, response in operation["responses"].items():
                if int(status) >= 400 and "content" in response:
                    response["content"] = {"application/problem+json": response["content"].pop("application/json")}
        return schema


api = Described(
    title="Wan Studio",
    version="1",
    description="Character animation by API: quote, upload, make, fetch. Errors are RFC 9457 problems.",
    docs_url=None,
    urls_namespace="api",
    auth=tokens.TokenAuth(),
)
problems.register(api)


@api.post("quote", response={200: QuoteOut, **WRONG}, tags=["Quote"], summary="Price of a video")
def quote(request: HttpRequest, asked: QuoteIn) -> QuoteOut:
    """Nothing is made or sent. State this `price` when you make the job."""
    return priced(request, asked)


@api.post(
    "uploads",
    response={201: UploadOut, **WRONG},
    tags=["Uploads"],
    summary="Add a picture or a clip",
    openapi_extra=UPLOAD_BODY,
)
def add_upload(request: HttpRequest) -> JsonResponse:
    """A file as multipart/form-data, or a link as JSON. It is checked now: what cannot be used is refused here."""
    tokens.require_make(request)
    form = SourceForm(_upload_fields(request), request.FILES, tokens.team(request))
    if not form.is_valid():
        errors = {name: [str(sentence) for sentence in found] for name, found in form.errors.items()}
        raise problems.invalid(form.wrong, errors)
    source = form.draft.keep(tokens.team(request), access.person(request))
    return JsonResponse(upload_row(source).model_dump(), status=201)


def _upload_fields(request: HttpRequest) -> QueryDict:
    if request.content_type != "application/json":
        return request.POST
    try:
        asked = UploadIn.model_validate_json(request.body)
    except Misshapen as wrong:
        raise ValidationError([dict(error) for error in wrong.errors()]) from None
    fields = QueryDict(mutable=True)
    fields.update({"kind": asked.kind, "url": asked.url})
    return fields


@api.get("uploads", response={200: Uploads, **WRONG}, tags=["Uploads"], summary="The team's uploads, newest first")
def uploads(request: HttpRequest, paging: Query[Paging], kind: Kind = "") -> Uploads:
    rows = tokens.sources(request)
    found, following = page(request, rows.filter(kind=kind) if kind else rows, paging)
    return Uploads(items=[upload_row(row) for row in found], next=following)


@api.get("uploads/{int:pk}", response={200: UploadOut, **NO_SUCH}, tags=["Uploads"], summary="One upload")
def upload(request: HttpRequest, pk: int) -> UploadOut:
    return upload_row(access.one(tokens.sources(request), _id(pk)))


@api.patch("uploads/{int:pk}", response={200: UploadOut, **NO_SUCH}, tags=["Uploads"], summary="Rename an upload")
def rename_upload(request: HttpRequest, pk: int, asked: UploadChange) -> UploadOut:
    """Jobs that were made from it keep their titles."""
    tokens.require_make(request)
    source = access.one(tokens.sources(request), _id(pk))
    if not (name := clean(asked.name)):
        raise problems.invalid(NO_NAME, {"name": [NO_NAME]})
    rename(source, name, by=access.person(request))
    return upload_row(source)


@api.post("jobs", response={201: JobOut, **REFUSED}, tags=["Jobs"], summary="Make a video", openapi_extra=KEY_HEADER)
def make_job(request: HttpRequest, asked: JobIn) -> JsonResponse:
    """It costs up to its `price`. Send an `Idempotency-Key`: a request that is repeated with it makes one job.

    409 with a new `quote` if the price has changed; 402 if it exceeds a cap or a budget. Nothing is sent then.
    """
    tokens.require_make(request)
    return make(request, asked)


@api.get("jobs", response={200: Jobs, **WRONG}, tags=["Jobs"], summary="The team's jobs, newest first")
def jobs(request: HttpRequest, paging: Query[Paging], state: str = "") -> Jobs:
    rows = tokens.jobs(request)
    if state and state not in State.values:
        unknown = f"Unknown state. The states are: {', '.join(State.values)}."
        raise problems.invalid(unknown, {"state": [unknown]})
    found, following = page(request, rows.filter(state=state) if state else rows, paging)
    return Jobs(items=[job_row(row) for row in found], next=following)


@api.get("jobs/{int:pk}", response={200: JobOut, **NO_SUCH}, tags=["Jobs"], summary="One job")
def job(request: HttpRequest, pk: int) -> JobOut:
    """Ask every few seconds at most; `sentence` is what its page says."""
    return job_row(access.one(tokens.jobs(request), _id(pk)))


@api.post(
    "jobs/{int:pk}/cancel",
    response={200: JobOut, 409: ProblemOut, **NO_SUCH},
    tags=["Jobs"],
    summary="Cancel a job that is still queued",
)
def cancel(request: HttpRequest, pk: int) -> JobOut:
    """409 once it has been sent: the provider cannot take it back. Cancelled twice is cancelled."""
    tokens.require_make(request)
    found = access.one(tokens.jobs(request), _id(pk))
    if found.state != State.CANCELLED:
        try:
            verbs.cancel(found, by=access.person(request))
        except Stale:
            raise problems.Problem(409, "already-sent", ALREADY_SENT) from None
    return job_row(tokens.jobs(request).get(pk=found.pk))


@api.get("videos", response={200: Videos, **WRONG}, tags=["Videos"], summary="The team's videos, newest first")
def videos(request: HttpRequest, paging: Query[Paging]) -> Videos:
    found, following = page(request, tokens.videos(request), paging)
    return Videos(items=[video_row(row) for row in found], next=following)


@api.get("videos/{int:pk}", response={200: VideoOut, **NO_SUCH}, tags=["Videos"], summary="One video")
def video(request: HttpRequest, pk: int) -> VideoOut:
    return video_row(access.one(tokens.videos(request), _id(pk)))


@api.api_operation(["HEAD"], "videos/{int:pk}/file", include_in_schema=False)
@api.get(
    "videos/{int:pk}/file",
    response={200: None, 206: None, 416: None, **NO_SUCH},
    tags=["Videos"],
    summary="The MP4 itself",
    url_name="video_file",
    openapi_extra={"responses": {200: MP4, 206: MP4}},
)
def video_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Ranges are served: a download that broke off goes on where it was."""
    found = StoredVideo.of(access.one(tokens.videos(request), _id(pk)))
    return files.send_video(request, found, attachment=True)


def _id(pk: int) -> int:
    """No row has an id beyond 64 bits, and such an id would break the query."""
    return access.number(str(pk)) or 0


def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Whatever else is asked for below `/api/v1/`."""
    return api.on_exception(request, Http404())
